const UNRELEASED = /^## \[Unreleased\][^\n]*\n([\s\S]*?)(?=^## \[|(?![\s\S]))/m;

/** What the section "Unreleased" of a changelog (https://keepachangelog.com) holds, '' for nothing or no section. */
export function unreleased(changelog: string): string {
	const content = UNRELEASED.exec(changelog)?.[1].trim() ?? '';
	const hasEntries = content.split('\n').some((line) => line.trim() !== '' && !line.startsWith('#'));
	return hasEntries ? content : '';
}

/**
 * Makes what is unreleased the section of a version, and leaves an empty "Unreleased" above it.
 *
 * @param date `YYYY-MM-DD`
 */
export function released(changelog: string, version: string, date: string): string {
	const sections = `## [Unreleased]\n\n## [${version}] - ${date}\n\n${unreleased(changelog)}\n\n`;
	return `${changelog.replace(UNRELEASED, () => sections).trimEnd()}\n`;
}
