import { sleep } from 'n8n-workflow';

import type { Answer } from './request';

/** An item's time for waiting, in milliseconds; it shrinks as the item waits. */
export interface WaitBudget {
	leftMs: number;
}

/** Thrown by `RateLimit.turn` when an item's budget does not cover the pause that SafePays asks for. */
export class RateLimitSpent extends Error {
	constructor(readonly pauseMs: number) {
		super('The rate limit outlasts the time to wait for it');
	}
}

/** A reset further away than this is no reset time (milliseconds sent as seconds, a wrong clock). */
const LONGEST_WINDOW_MS = 3_600_000;
const SHORTEST_PAUSE_MS = 250;
const LONGEST_GUESS_MS = 60_000;

/**
 * SafePays' rate limit as seen by one run of the node: a 429 pauses everybody, and what the
 * `X-RateLimit-*` headers of an answer leave over is not exceeded (SafePays, "Rate limits").
 */
export class RateLimit {
	/** Milliseconds during which the run stood still. */
	waitedMs = 0;

	private pausedUntil = 0;

	private inFlight = 0;

	private guesses = 0;

	private window?: { remaining: number; resetAt: number };

	/**
	 * Resolves when a request may be sent. Call `learn` with its answer, or `done` without one.
	 *
	 * @throws RateLimitSpent if the item would have to wait longer than `budget`
	 */
	async turn(budget: WaitBudget, cancelled: () => boolean): Promise<void> {
		for (;;) {
			if (cancelled()) break;
			const pauseMs = this.pauseMs();
			if (pauseMs <= 0) break;
			if (pauseMs > budget.leftMs) throw new RateLimitSpent(pauseMs);
			// In slices, so that cancelling the execution does not wait for the whole pause.
			const sliceMs = Math.min(pauseMs, 1000);
			await sleep(sliceMs);
			budget.leftMs -= sliceMs;
		}
		this.inFlight++;
		if (this.window) this.window.remaining--;
	}

	/** Takes note of what an answer says about the limit. */
	learn(answer: Answer): void {
		const { status, headers } = answer;
		this.done();
		const now = Date.now();
		const remaining = numberIn(headers['x-ratelimit-remaining']);
		const resetAt = numberIn(headers['x-ratelimit-reset']);
		if (remaining !== undefined && resetAt !== undefined) {
			this.seeWindow(remaining - this.inFlight, onOurClock(resetAt * 1000, headers.date), now);
		}
		if (status !== 429) {
			this.guesses = 0;
			return;
		}
		const pauseMs = pauseNamedBy(answer) ?? this.guess();
		this.pauseUntil(now + Math.max(pauseMs, SHORTEST_PAUSE_MS), now);
	}

	/** Ends a turn that got no answer. */
	done(): void {
		this.inFlight--;
	}

	private pauseMs(): number {
		const now = Date.now();
		if (this.window && this.window.resetAt <= now) this.window = undefined;
		if (this.window && this.window.remaining <= 0) this.pauseUntil(this.window.resetAt, now);
		return this.pausedUntil - now;
	}

	private pauseUntil(time: number, now: number): void {
		if (time <= this.pausedUntil) return;
		this.waitedMs += time - Math.max(now, this.pausedUntil);
		this.pausedUntil = time;
	}

	/** Answers arrive out of order, so within one window only a smaller rest is news. */
	private seeWindow(remaining: number, resetAt: number, now: number): void {
		if (resetAt <= now || resetAt - now > LONGEST_WINDOW_MS) return;
		const sameWindow = this.window && Math.abs(this.window.resetAt - resetAt) < 1000;
		this.window = {
			remaining: sameWindow && this.window ? Math.min(this.window.remaining, remaining) : remaining,
			resetAt: sameWindow && this.window ? Math.max(this.window.resetAt, resetAt) : resetAt,
		};
	}

	/** Growing pauses from one second, for a 429 that names no time; the run's 429s of one moment count once. */
	private guess(): number {
		if (this.pausedUntil <= Date.now()) this.guesses++;
		return Math.min(1000 * 2 ** (this.guesses - 1), LONGEST_GUESS_MS);
	}
}

/**
 * Milliseconds that a 429 asks to wait: `Retry-After` (seconds or a date), else the end of the
 * window in `X-RateLimit-Reset`, else the sentence "Please retry after 60 seconds." (SafePays,
 * "Rate limits"); undefined if it names none.
 */
export function pauseNamedBy({ headers, body }: Answer): number | undefined {
	const retryAfter = headers['retry-after'];
	const seconds = numberIn(retryAfter);
	if (seconds !== undefined) return seconds * 1000;
	const date = retryAfter ? Date.parse(retryAfter) : NaN;
	if (!Number.isNaN(date)) return Math.max(0, onOurClock(date, headers.date) - Date.now());
	const reset = numberIn(headers['x-ratelimit-reset']);
	const resetMs = reset === undefined ? 0 : onOurClock(reset * 1000, headers.date) - Date.now();
	if (resetMs > 0 && resetMs <= LONGEST_WINDOW_MS) return resetMs;
	const sentence = /after\s+(\d+(?:\.\d+)?)\s*second/i.exec(JSON.stringify(body ?? ''));
	return sentence ? Number(sentence[1]) * 1000 : undefined;
}

/** A server's moment on this machine's clock. The Date header has whole seconds: a smaller difference says nothing. */
function onOurClock(time: number, serverDate: string | undefined): number {
	const skew = (serverDate ? Date.parse(serverDate) : NaN) - Date.now();
	return Number.isNaN(skew) || Math.abs(skew) < 2000 ? time : time - skew;
}

function numberIn(header: string | undefined): number | undefined {
	const value = header === undefined || header.trim() === '' ? NaN : Number(header);
	return Number.isFinite(value) && value >= 0 ? value : undefined;
}
