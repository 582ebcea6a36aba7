import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { untilQuiet } from '../../bench/processStats';
import { median } from '../../bench/report';
import type { RunningN8n } from '../harness/n8n';

/** Options for the Node.js of an n8n whose heap is to be measured. */
export const HEAP_OPTIONS = ['--expose-gc', '--import', pathToFileURL(join(__dirname, 'heapProbe.ts')).href];

/** In bytes, when all that nothing needs any more has been thrown away. */
export interface Memory {
	heap: number;
	/** What the process holds of the machine's memory. */
	resident: number;
}

/** Measures n8n's memory, each time when n8n has nothing more to do. */
export function memoryMeter(n8n: RunningN8n): () => Promise<Memory> {
	let count = 0;
	return async () => {
		await untilQuiet(n8n.pid);
		n8n.kill('SIGUSR2');
		const [, text] = await n8n.waitForLog(new RegExp(`^HEAP ${++count} (\\{.*\\})$`, 'm'), 60_000);
		const { heapUsed, rss } = JSON.parse(text) as NodeJS.MemoryUsage;
		return { heap: heapUsed, resident: rss };
	};
}

const MEGABYTE = 1024 ** 2;
/** Heaps of the same work differ by so much from run to run, at least. */
const NOISE = 1.5 * MEGABYTE;
/** Beyond that noise, what a slice may leave behind more than n8n's own nodes leave. */
const PER_SLICE = 0.1 * MEGABYTE;

export interface Growth {
	/** Bytes by which the last third of the slices holds more than the middle third, by their medians. */
	ours: number;
	control: number;
	levelsOff: boolean;
}

/**
 * Judges whether memory levels off: between the middle and the last slices of equal work it may grow
 * no more than under the same work with n8n's own nodes. The first third fills caches.
 */
export function judgeGrowth(ours: number[], control: number[]): Growth {
	const growth = { ours: growthOf(ours), control: growthOf(control) };
	const most = Math.max(0, growth.control) + NOISE + (PER_SLICE * ours.length) / 3;
	return { ...growth, levelsOff: growth.ours <= most };
}

function growthOf(heaps: number[]): number {
	const third = Math.floor(heaps.length / 3);
	return median(heaps.slice(-third)) - median(heaps.slice(-2 * third, -third));
}
