import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves with what `look` finds; rejects when it throws, or finds nothing for so many milliseconds. */
export async function eventually<T>(
	what: string | (() => string),
	look: () => T | undefined | Promise<T | undefined>,
	timeout = 30_000,
): Promise<T> {
	const deadline = Date.now() + timeout;
	for (;;) {
		const found = await look();
		if (found !== undefined) return found;
		if (Date.now() > deadline) {
			throw new Error(`Waited ${timeout} ms for ${typeof what === 'string' ? what : what()}`);
		}
		await sleep(100);
	}
}
