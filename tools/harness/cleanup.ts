import { whenOrphaned } from './orphan';

/** What has to be undone when the program ends, however it ends. */
export class Cleanup {
	private readonly steps: Array<() => Promise<unknown> | unknown> = [];
	private running: Promise<void> | undefined;

	/** Adds a step; the last one added is done first. */
	add(step: () => Promise<unknown> | unknown): void {
		this.steps.push(step);
	}

	/** Does every step, even when one of them fails. Further calls wait for the first. */
	async run(): Promise<void> {
		this.running ??= (async () => {
			for (const step of this.steps.reverse()) {
				await Promise.resolve()
					.then(step)
					.catch(() => undefined);
			}
		})();
		await this.running;
	}

	/** On Ctrl-C, on SIGTERM, or when npm goes: does every step, then ends the process with `exitCode`. */
	onSignals(exitCode: number): void {
		const stop = () => {
			void this.run().then(() => process.exit(exitCode));
		};
		for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
		whenOrphaned(stop);
	}
}
