/** A figure that has to be reached. */
export interface Target {
	/** e.g. "wall time at most 1.15 × bound" */
	what: string;
	/** What was measured, in the target's terms. */
	measured: string;
	reached: boolean;
	/** Where the difference goes, for the case that it is not reached. */
	otherwise?: string;
}

/** What one benchmark has to say, in Markdown. */
export interface Section {
	title: string;
	/** What was done, and how to read the table. */
	text: string;
	tables: string[];
	/** The tables in plain words. */
	reading: string;
	targets: Target[];
}

/** The columns of a table: their headings, and what each shows of a row. */
export type Columns<Row> = Array<[heading: string, show: (row: Row) => string | number]>;

/** A table that also reads well as plain text: the first column to the left, the others to the right. */
export function createTable<Row>(columns: Columns<Row>, rows: Row[]): string {
	const cells = columns.map(([heading, show], column) => {
		const texts = rows.map((row) => String(show(row)));
		const width = Math.max(3, heading.length, ...texts.map(({ length }) => length));
		const pad = (text: string) => (column === 0 ? text.padEnd(width) : text.padStart(width));
		const rule = column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`;
		return [pad(heading), rule, ...texts.map(pad)];
	});
	return cells[0]
		.map((_, line) => `| ${cells.map((column) => column[line]).join(' | ')} |`)
		.join('\n');
}

export function createSectionText({ title, text, tables, reading, targets }: Section): string {
	const missed = targets.filter(({ reached, otherwise }) => !reached && otherwise);
	return [
		`## ${title}`,
		text,
		...tables,
		reading,
		createTable(
			[
				['Target', ({ what }) => what],
				['measured', ({ measured }) => measured],
				['reached', ({ reached }) => (reached ? 'yes' : '**no**')],
			],
			targets,
		),
		...missed.map(({ what, otherwise }) => `Why not "${what}": ${otherwise}`),
	].join('\n\n');
}

/** The middle one of some figures; the mean of the middle two. */
export function median(figures: number[]): number {
	const sorted = [...figures].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** A target for `figure ÷ reference`, which may be `most` at most. */
export function createRatioTarget(
	what: string,
	figure: number,
	reference: number,
	most: number,
	otherwise?: string,
): Target {
	const ratio = figure / reference;
	return { what, measured: `${ratio.toFixed(2)} ×`, reached: ratio <= most, otherwise };
}
