import { sleep } from 'n8n-workflow';

import type { Verdict } from './verify';

/** Milliseconds of an outage or a rate limit that every execution with a pending event waits through. */
const PATIENCE_MS = 25_000;
/** Executions that go on asking once it lasts longer: other workflows need n8n's slots. */
const MAX_STAYING = 5;
/** Milliseconds after which a failure says nothing any more of whether SafePays is up. */
const STALE_AFTER_MS = 60_000;
/** Milliseconds in which a sleeping execution notices that it has to end. */
const SLICE_MS = 1000;

/** Whether SafePays can be asked for an account, as this n8n process knows it. */
export class Outage {
	private since?: number;
	private lastFailureAt = 0;
	private pausedUntil = 0;
	private readonly staying = new Set<object>();

	/** Takes note of what the API said. @param askedAt milliseconds since 1970 */
	note(verdict: Verdict, askedAt: number): void {
		if (verdict.kind !== 'unavailable') {
			this.since = undefined;
			return;
		}
		this.since = this.isFresh() ? (this.since ?? askedAt) : askedAt;
		this.lastFailureAt = Date.now();
		const { pauseMs = 0 } = verdict;
		this.pausedUntil = Math.max(this.pausedUntil, Date.now() + pauseMs);
		// A failure whose rate limit names a time counts until then.
		this.lastFailureAt += pauseMs;
	}

	/** Milliseconds for which SafePays wants to be left alone. */
	getPauseMs(): number {
		return Math.max(0, this.pausedUntil - Date.now());
	}

	/** Seconds since when no question went through. */
	get seconds(): number {
		return Math.round((Date.now() - (this.since ?? Date.now())) / 1000);
	}

	/**
	 * Whether an execution may go on asking. While an outage lasts only a few may, the first that ask.
	 *
	 * @param execution stands for it until `leave`
	 */
	mayStay(execution: object): boolean {
		if (!this.isLasting() || this.staying.has(execution)) return true;
		if (this.staying.size >= MAX_STAYING) return false;
		this.staying.add(execution);
		return true;
	}

	leave(execution: object): void {
		this.staying.delete(execution);
	}

	/** Sleeps, or until the execution may not stay. @returns whether it may */
	async wait(execution: object, ms: number, isCancelled: () => boolean): Promise<boolean> {
		const until = Date.now() + ms;
		for (;;) {
			if (!this.mayStay(execution)) return false;
			const left = until - Date.now();
			if (left <= 0 || isCancelled()) return true;
			await sleep(Math.min(left, SLICE_MS));
		}
	}

	private isLasting(): boolean {
		return this.since !== undefined && this.isFresh() && Date.now() - this.since > PATIENCE_MS;
	}

	private isFresh(): boolean {
		return Date.now() - this.lastFailureAt < STALE_AFTER_MS;
	}
}
