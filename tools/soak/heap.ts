import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { untilQuiet } from '../bench/processStats';
import { median } from '../bench/report';
import type { RunningN8n } from '../harness/n8n';

/** Options for the Node.js of an n8n whose heap is to be measured. */
export const HEAP_OPTIONS = [
	'--expose-gc',
	'--import',
	pathToFileURL(join(__dirname, 'heapProbe.ts')).href,
];

/** Measures n8n's heap in bytes, each time when n8n has nothing more to do and has thrown away what nothing needs. */
export function createHeapMeter(n8n: RunningN8n): () => Promise<number> {
	let count = 0;
	return async () => {
		await untilQuiet(n8n.pid);
		n8n.kill('SIGUSR2');
		const [, bytes] = await n8n.waitForLog(new RegExp(`^HEAP ${++count} (\\d+)$`, 'm'), 60_000);
		return Number(bytes);
	};
}

/** By so much (bytes) the heap may grow more in a whole run than under n8n's own nodes: as much is noise. */
const NOISE = 5 * 1024 ** 2;

/**
 * Judges whether memory levels off: it may grow no more than that of an n8n which does as much with
 * its own nodes, whatever that keeps.
 *
 * @param ours the heap after each slice of equal work, in bytes
 * @param control the same of the n8n to compare with
 * @returns by how much each grows in a run, in bytes
 */
export function judgeGrowth(ours: number[], control: number[]) {
	const growth = { ours: measureGrowth(ours), control: measureGrowth(control) };
	return { ...growth, levelsOff: growth.ours <= Math.max(0, growth.control) + NOISE };
}

/** The median slope between any two slices (Theil and Sen), without the first third, which fills caches. */
function measureGrowth(heaps: number[]): number {
	const settled = heaps.slice(Math.floor(heaps.length / 3));
	const slopes = settled.flatMap((later, at) =>
		settled.slice(0, at).map((earlier, before) => (later - earlier) / (at - before)),
	);
	return median(slopes) * heaps.length;
}
