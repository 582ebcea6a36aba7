/** Removes the API key from texts, and from the texts in an answer. */
export type Redact = <T>(value: T) => T;

/** A key shorter than this would be found in ordinary words. */
const SHORTEST_KEY = 6;

const PLACEHOLDER = '***';

/**
 * SafePays has no reason to send the key back, but whatever stands before it may show the address
 * that it was asked for: the key as it is, or escaped for a URL, in JSON or in HTML, also repeatedly,
 * or decoded once too often, where the key itself holds something like %7C.
 */
export function createRedactor(apiKey: string): Redact {
	if (apiKey.length < SHORTEST_KEY) return (value) => value;
	const key = new RegExp((apiKey.match(PARTS) ?? []).map(writtenForms).join(''), 'gi');
	const redact = (value: unknown): unknown => {
		if (typeof value === 'string') return value.replace(key, PLACEHOLDER);
		if (Array.isArray(value)) return value.map(redact);
		if (typeof value !== 'object' || value === null) return value;
		return Object.fromEntries(
			Object.entries(value).map(([name, entry]) => [redact(name), redact(entry)]),
		);
	};
	return redact as Redact;
}

const BACKSLASH = '(?:\\\\|%(?:25){0,4}5c)';

/** One character, or what a URL decoder takes for one, or for some that are not plain ASCII. */
const PARTS = /(?:%(?:[0189a-f][\da-f]|7f))+|%[\da-f]{2}|./gisu;

/** A regular expression for one part of the key: as it is and decoded, in all their escaped forms. */
function writtenForms(part: string): string {
	const asItIs = [...part].map(escapedForms).join('');
	if (part === '+') return `(?:${asItIs}|${escapedForms(' ')})`;
	if (part.length < 3) return asItIs;
	const character = String.fromCharCode(parseInt(part.slice(1), 16));
	const decoded = /[ -~]/.test(character)
		? escapedForms(character)
		: `(?:[^ -~]|${BACKSLASH}{1,8}(?:u[\\da-f]{4}|[a-z])|%(?:25){0,4}[\\da-f]{2}){1,${part.length}}`;
	return `(?:${asItIs}|${decoded})`;
}

/** A regular expression for one character: in all its escaped forms. */
function escapedForms(character: string): string {
	if (/[a-z\d]/i.test(character)) return character;
	const code = (character.codePointAt(0) as number).toString(16);
	const urlEncoded = /[\0-\x7f]/.test(character)
		? `%${code.padStart(2, '0')}`
		: encodeURIComponent(character);
	// The longest first. The % of an escaped character is itself escaped as %25, & as &amp;, both a few
	// times at most: what is unbounded can be made to take long.
	const ways = [
		urlEncoded.replaceAll('%', '%(?:25){0,4}'),
		`u${code.padStart(4, '0')}`,
		'&(?:amp;){0,4}(?:#\\w{1,6}|[a-z]{1,6});',
		character === ' ' ? '[ +]' : character.replace(/[^\w\s]/, '\\$&'),
	];
	return character === '\\'
		? `(?:${BACKSLASH}|&#\\w{1,6};){1,8}`
		: `${BACKSLASH}{0,8}(?:${ways.join('|')})`;
}
