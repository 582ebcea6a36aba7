/** A Markdown table that also reads well as plain text: the first column to the left, the others to the right. */
export function markdownTable(heading: string[], rows: string[][]): string {
	const widths = heading.map((_, column) =>
		Math.max(3, ...[heading, ...rows].map((row) => row[column].length)),
	);
	const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
	const padded = (row: string[]) =>
		line(row.map((cell, column) => pad(cell, widths[column], column)));
	const rule = line(
		widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)),
	);
	return [padded(heading), rule, ...rows.map(padded)].join('\n');
}

function pad(cell: string, width: number, column: number): string {
	return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
