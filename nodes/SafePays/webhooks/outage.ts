import { sleep } from 'n8n-workflow';

import type { Verdict } from './verify';

/** Milliseconds after which an outage or a rate limit is a long one. */
const LONG_AFTER_MS = 25_000;
/** Executions that go on asking in a long one: other workflows need n8n's slots. */
const MAX_ASKING = 5;
/** Milliseconds after which a failure says nothing any more of whether SafePays is up. */
const STALE_AFTER_MS = 60_000;
/** Milliseconds in which a sleeping execution notices that it has to end. */
const SLICE_MS = 1000;

/** Whether SafePays can be asked for an account, as this n8n process knows it. */
export class Outage {
	private since?: number;
	private lastFailureAt = 0;
	private pausedUntil = 0;
	/** Executions that go on asking in a long outage. */
	private readonly asking = new Set<object>();

	/** Takes note of what the API said. @param askedAt milliseconds since 1970 */
	note(verdict: Verdict, askedAt: number): void {
		if (verdict.kind !== 'unavailable') {
			this.since = undefined;
			return;
		}
		const { pauseMs = 0 } = verdict;
		this.since = this.isFresh() ? (this.since ?? askedAt) : askedAt;
		// A failure whose rate limit names a time counts until then.
		this.lastFailureAt = Date.now() + pauseMs;
		this.pausedUntil = Math.max(this.pausedUntil, Date.now() + pauseMs);
	}

	/** Milliseconds for which SafePays wants to be left alone. */
	getPauseMs(): number {
		return Math.max(0, this.pausedUntil - Date.now());
	}

	/** How long no question has gone through. */
	get seconds(): number {
		return Math.round((Date.now() - (this.since ?? Date.now())) / 1000);
	}

	/**
	 * Whether an execution may go on asking. In a long outage only a few may, the first that ask.
	 *
	 * @param execution any object that stands for it until `leave`
	 */
	mayKeepAsking(execution: object): boolean {
		if (!this.isLong() || this.asking.has(execution)) return true;
		if (this.asking.size >= MAX_ASKING) return false;
		this.asking.add(execution);
		return true;
	}

	leave(execution: object): void {
		this.asking.delete(execution);
	}

	/** Sleeps as long as the execution may go on asking. @returns whether it may */
	async wait(execution: object, ms: number, isCancelled: () => boolean): Promise<boolean> {
		const until = Date.now() + ms;
		for (;;) {
			if (!this.mayKeepAsking(execution)) return false;
			const left = until - Date.now();
			if (left <= 0 || isCancelled()) return true;
			await sleep(Math.min(left, SLICE_MS));
		}
	}

	private isLong(): boolean {
		return this.since !== undefined && this.isFresh() && Date.now() - this.since > LONG_AFTER_MS;
	}

	private isFresh(): boolean {
		return Date.now() - this.lastFailureAt < STALE_AFTER_MS;
	}
}
