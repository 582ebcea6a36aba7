import { judgeGrowth } from './heap';
import type { Soak } from './soak';

const toMegabytes = (bytes: number) => Number((bytes / 1024 ** 2).toFixed(1));

/** Shows what came of a soak, and of the control beside it. @returns the promises that were not kept */
export function reportSoak(seed: number, ours: Soak, control?: Soak): string[] {
	const problems = [...(ours.audit?.wrong ?? [])];
	const runs = { 'SafePays nodes': ours, ...(control && { "n8n's own nodes": control }) };
	console.log(`Soak, seed ${seed}`);
	for (const [name, { seconds, heaps, executions, asked, answers }] of Object.entries(runs)) {
		console.log(`${name}: ${seconds.toFixed(0)} s. What was done, and what SafePays answered:`);
		const { notifications, duplicates, forged } = asked;
		console.table({ executions, notifications, duplicates, forged: forged.size, ...answers });
		console.log(`Heap in MB after each slice: ${heaps.map(toMegabytes).join(' ')}`);
	}
	console.log('The books:');
	console.table(ours.audit?.counts);
	if (control) {
		const { ours: growth, control: expected, levelsOff } = judgeGrowth(ours.heaps, control.heaps);
		const grows = `the heap grows by ${toMegabytes(growth)} MB in the run, with n8n's own nodes by ${toMegabytes(expected)} MB`;
		if (!levelsOff) problems.push(grows);
		console.log(grows);
	}
	console.log(
		problems.length === 0
			? 'Every promise was kept.'
			: `NOT KEPT:\n${problems.slice(0, 50).join('\n')}`,
	);
	return problems;
}
