import { markdownTable } from '../harness/table';
import { judgeGrowth } from './heap';
import type { Soak } from './soak';

const MEGABYTE = 1024 ** 2;
const megabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(1);

/** What a soak has to say, as tables, and which promises were not kept. */
export function reportSoak(
	seed: number,
	ours: Soak,
	control?: Soak,
): { text: string; problems: string[] } {
	const problems = [...(ours.audit?.wrong ?? [])];
	const runs = { 'SafePays nodes': ours, ...(control && { "n8n's own nodes": control }) };
	const growth = control && judgeGrowth(heapsOf(ours), heapsOf(control));
	if (growth && !growth.levelsOff) {
		problems.push(
			`memory grows: the heap by ${megabytes(growth.ours)} MB in the run, with n8n's own nodes by ${megabytes(growth.control)} MB`,
		);
	}
	const work = Object.entries(runs).map(
		([name, { memory, seconds, asked, executions, answers }]) => [
			name,
			seconds.toFixed(0),
			String(memory.length),
			String(executions),
			String(Object.values(answers).reduce((sum, count) => sum + count, 0)),
			Object.entries(answers)
				.map(([status, count]) => `${status}: ${count}`)
				.join(', '),
			`${asked.notifications} + ${asked.duplicates} + ${asked.forged.size}`,
		],
	);
	const memory = Object.entries(runs).map(([name, { memory: slices }]) => [
		name,
		...[0, Math.floor(slices.length / 2), slices.length - 1].map((slice) =>
			megabytes(slices[slice].heap),
		),
		...[0, Math.floor(slices.length / 2), slices.length - 1].map((slice) =>
			megabytes(slices[slice].resident),
		),
		...(growth ? [megabytes(slices === ours.memory ? growth.ours : growth.control)] : ['']),
	]);
	const text = [
		`Soak, seed ${seed}`,
		markdownTable(
			[
				'',
				'seconds',
				'slices',
				'executions',
				'requests',
				'answers of SafePays',
				'paid + twice + forged',
			],
			work,
		),
		markdownTable(
			['The books', 'count'],
			Object.entries(ours.audit?.counts ?? {}).map(([what, count]) => [what, String(count)]),
		),
		markdownTable(
			[
				'Memory in MB',
				'heap first',
				'middle',
				'last',
				'resident first',
				'middle',
				'last',
				'heap growth in the run',
			],
			memory,
		),
		`Heap after each slice: ${ours.memory.map(({ heap }) => megabytes(heap)).join(' ')}`,
		...(control ? [`Control: ${control.memory.map(({ heap }) => megabytes(heap)).join(' ')}`] : []),
		problems.length === 0
			? 'Every promise was kept.'
			: `NOT KEPT:\n${problems.slice(0, 50).join('\n')}`,
	].join('\n\n');
	return { text, problems };
}

function heapsOf({ memory }: Soak): number[] {
	return memory.map(({ heap }) => heap);
}
