export type Row = string[];

/** Prints rows of text under a heading, each column as wide as its longest cell. */
export function printTable(heading: Row, rows: Row[]): void {
	const widths = heading.map((_, column) =>
		Math.max(...[heading, ...rows].map((row) => row[column]?.length ?? 0)),
	);
	const line = (row: Row) =>
		row
			.map((cell, column) => cell.padEnd(widths[column]))
			.join('  ')
			.trimEnd();
	console.log(line(heading));
	console.log(widths.map((width) => '-'.repeat(width)).join('  '));
	for (const row of rows) console.log(line(row));
}
