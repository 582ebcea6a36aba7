import { markdownTable } from '../harness/table';

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
	tables: Array<{ caption?: string; heading: string[]; rows: string[][] }>;
	/** The tables in plain words. */
	reading: string;
	targets: Target[];
}

export function sectionText({ title, text, tables, reading, targets }: Section): string {
	return [
		`## ${title}`,
		text,
		...tables.flatMap(({ caption, heading, rows }) => [
			...(caption ? [caption] : []),
			markdownTable(heading, rows),
		]),
		reading,
		...(targets.length > 0 ? [targetsText(targets)] : []),
	].join('\n\n');
}

function targetsText(targets: Target[]): string {
	const table = markdownTable(
		['Target', 'measured', 'reached'],
		targets.map(({ what, measured, reached }) => [what, measured, reached ? 'yes' : '**no**']),
	);
	const reasons = targets
		.filter(({ reached, otherwise }) => !reached && otherwise)
		.map(({ what, otherwise }) => `Why not "${what}": ${otherwise}`);
	return [table, ...reasons].join('\n\n');
}

/** The middle one of some figures; the mean of the middle two. */
export function median(figures: number[]): number {
	const sorted = [...figures].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** A target for `figure ÷ reference`, which may be `most` at most. */
export function ratioTarget(
	what: string,
	figure: number,
	reference: number,
	most: number,
	otherwise?: string,
): Target {
	const ratio = figure / reference;
	return { what, measured: `${ratio.toFixed(2)} ×`, reached: ratio <= most, otherwise };
}
