const PATIENCE_MS = 1_500;

/** Timed waits that can all be ended at once, so that nothing outlives the sandbox. */
export class Pauses {
	private readonly waiting = new Map<NodeJS.Timeout, (error: Error) => void>();

	/** Resolves after `ms` milliseconds; rejects when `endAll` comes first. */
	async wait(ms: number): Promise<void> {
		if (ms <= 0) return;
		await new Promise<void>((resolve, reject) => {
			const timer = setTimeout(() => {
				this.waiting.delete(timer);
				resolve();
			}, ms);
			this.waiting.set(timer, reject);
		});
	}

	/** Resolves when `outcome` does, or when a person who pressed a button has waited long enough for it. */
	async untilOver(outcome: unknown): Promise<void> {
		await Promise.race([outcome, this.wait(PATIENCE_MS).catch(() => undefined)]);
	}

	endAll(): void {
		for (const [timer, reject] of this.waiting) {
			clearTimeout(timer);
			reject(new Error('The sandbox was closed or reset'));
		}
		this.waiting.clear();
	}
}
