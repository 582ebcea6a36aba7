/** A Markdown table as this repository writes them: without padding, so that a row's change is one line. */
export function table(heading: string[], rows: string[][]): string {
	const line = (cells: string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
	return [line(heading), `|${heading.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** A literal text, such as an error; it may hold anything but a backtick. */
export function code(text: string): string {
	return `\`${text}\``;
}

/** A text as a sentence, with one full stop behind it; '' stays ''. */
export function sentence(text: string): string {
	return text === '' || /[.!?]$/.test(text) ? text : `${text}.`;
}

function escapeCell(text: string): string {
	return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
