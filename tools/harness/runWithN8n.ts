import { Cleanup } from './cleanup';
import { ensureInstalled } from './install';

/**
 * Does a tool's work, for which n8n is installed first. What the work adds to the cleanup is undone
 * however it ends: by itself, by a signal, or because it takes longer than `limitMs`.
 */
export async function runWithN8n(
	limitMs: number,
	work: (cleanup: Cleanup) => Promise<void>,
): Promise<void> {
	const cleanup = new Cleanup();
	cleanup.onSignals(1);
	await ensureInstalled();
	const timer = setTimeout(() => {
		console.error(`This did not come to an end within ${limitMs / 60_000} minutes.`);
		void cleanup.run().then(() => process.exit(1));
	}, limitMs);
	try {
		await work(cleanup);
	} finally {
		clearTimeout(timer);
		await cleanup.run();
	}
}
