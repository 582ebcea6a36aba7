import { sleep } from 'n8n-workflow';

import { LONGEST_WINDOW_MS, parsePauseMs, parseQuota } from './rateLimitHeaders';
import type { Answer } from './sendOnce';

/** An item's time for waiting, in milliseconds; it shrinks as the item waits. */
export interface WaitBudget {
	leftMs: number;
}

/** The right to send one request. It has to be ended, whatever the outcome. */
export interface Turn {
	/** @param answer read for what it says about the limit; left out if none came */
	end(answer?: Answer): void;
}

/** A turn; or how long the limit would have to be waited for; or undefined if the wait was cancelled. */
type Acquired = Turn | { tooLongMs: number } | undefined;

interface Waiting {
	budget: WaitBudget;
	/** `getPausedMs` of the account when the wait began. */
	since: number;
	resolve: (acquired: Acquired) => void;
}

/** The requests between two pauses, or within one window of time if there was no pause. */
interface Window {
	/** Milliseconds since 1970; 0 before the first request. */
	startedAt: number;
	/** Whether it began after a refusal: one request then goes first, to see if the pause was long enough. */
	cautious: boolean;
	sent: number;
	ended: number;
	refused: number;
	/** Answers other than 429. */
	passed: number;
	/** The requests past the size that the limit is known to have, which find out whether it is larger. */
	probes: { inFlight: number; passed: number };
}

/** SafePays, "Rate limits". */
const PUBLISHED_LIMIT = { requests: 1000, windowMs: 60_000 };
const SHORTEST_PAUSE_MS = 250;
const LONGEST_GUESS_MS = 60_000;
/** Longest sleep of those who wait; not longer than a pause, so that none ends unnoticed. */
const TICK_MS = SHORTEST_PAUSE_MS;

/**
 * The turns of one run of a node, or of one question of a trigger. It takes part in its account's
 * rotation only while it waits or has something in flight, so there is nothing to leave.
 */
export class RunTurns {
	readonly waiting: Waiting[] = [];
	inFlight = 0;

	/** Milliseconds that the run was paused by the rate limit. */
	waitedMs = 0;
	private pausedSince = 0;

	/**
	 * @param maxInFlight requests that the account may have in flight while this run is the widest
	 * @param signal ends all waiting
	 */
	constructor(
		private readonly account: AccountRateLimit,
		readonly maxInFlight: number,
		readonly signal?: AbortSignal,
	) {}

	/** Resolves when a request may be sent, or as soon as it is known that `budget` does not cover the wait. */
	async acquire(budget: WaitBudget): Promise<Acquired> {
		if (this.signal?.aborted) return undefined;
		const tooLongMs = this.account.getPauseMs();
		if (tooLongMs > Math.max(0, budget.leftMs)) return { tooLongMs };
		return await new Promise((resolve) => {
			const since = this.account.getPausedMs();
			if (this.waiting.length === 0) this.pausedSince = since;
			this.waiting.push({ budget, since, resolve });
			this.account.join(this);
		});
	}

	/** Ends the wait of one entry. */
	dequeue(entry: Waiting): Waiting {
		this.waiting.splice(this.waiting.indexOf(entry), 1);
		const pausedMs = this.account.getPausedMs();
		entry.budget.leftMs -= pausedMs - entry.since;
		if (this.waiting.length === 0) this.waitedMs += pausedMs - this.pausedSince;
		return entry;
	}

	/** Ends all waiting. */
	readonly cancel = (): void => {
		for (const entry of [...this.waiting]) this.dequeue(entry).resolve(undefined);
		this.account.leave(this);
	};
}

/**
 * SafePays' rate limit for one API key at one base URL, shared by everything in this process: who
 * may send next, and what is known of the limit. Refused requests count too (SafePays, "Rate
 * limits"), so running into it has to be rare.
 *
 * - At most as many requests are in flight as the widest of the runs may have; runs take turns.
 * - A 429 pauses all of them. After it one request goes first; when it has passed, as many as passed
 *   last time follow without restraint, and then the limit is probed: one request, then two, four, …
 * - No more is sent than `X-RateLimit-Remaining` says is left.
 */
export class AccountRateLimit {
	/** In the order of their turns. */
	private readonly runs = new Set<RunTurns>();
	private inFlight = 0;
	private pausedUntil = 0;

	/** Length of all pauses, the rest of the present one included. */
	private allPausesMs = 0;
	private guesses = 0;
	private window = createWindow(false);

	/** What showed the limit's size: `sent` - `refused`. */
	private size: Pick<Window, 'sent' | 'refused'> = { sent: PUBLISHED_LIMIT.requests, refused: 0 };
	private windowMs = PUBLISHED_LIMIT.windowMs;

	/** Requests sent so far, which numbers them. */
	private sent = 0;

	/** What the headers say is left, less what was sent after the request that they answer. */
	private quota?: { remaining: number; resetAt: number; asOf: number };
	private lastUsedAt = Date.now();
	private ticking = false;

	/** Milliseconds until the next request may be sent, 0 or less if that is now. */
	getPauseMs(): number {
		const now = Date.now();
		if (this.quota && this.quota.resetAt <= now) this.quota = undefined;
		const isUsedUp = this.quota !== undefined && this.quota.remaining <= 0 && this.inFlight === 0;
		if (this.quota && isUsedUp && this.quota.resetAt > this.pausedUntil) {
			this.pauseUntil(this.quota.resetAt);
			this.window = createWindow(false);
		}
		return this.pausedUntil - now;
	}

	/** Milliseconds that the account has been paused until now. */
	getPausedMs(): number {
		return this.allPausesMs - Math.max(0, this.pausedUntil - Date.now());
	}

	isForgettable(): boolean {
		const idleMs = Date.now() - Math.max(this.lastUsedAt, this.pausedUntil);
		return this.runs.size === 0 && idleMs > LONGEST_WINDOW_MS;
	}

	/** Lets a run that waits take part in the rotation. */
	join(run: RunTurns): void {
		if (!this.runs.has(run)) {
			this.runs.add(run);
			run.signal?.addEventListener('abort', run.cancel);
		}
		this.dispatch();
		void this.tick();
	}

	/** Takes out a run that neither waits nor has anything in flight. */
	leave(run: RunTurns): void {
		if (run.waiting.length > 0 || run.inFlight > 0) return;
		this.runs.delete(run);
		run.signal?.removeEventListener('abort', run.cancel);
	}

	/** Takes note of what an answer says about the limit, also of one that had no turn. */
	noteAnswer(answer: Answer, window?: Window, asOf = this.sent - this.inFlight): void {
		this.lastUsedAt = Date.now();
		this.noteQuota(answer, asOf);
		if (answer.status === 429) this.noteRefusal(answer, window);
		else if (window === this.window) this.guesses = 0;
	}

	/** Hands out as many turns as there may be, round robin. */
	private dispatch(): void {
		if (this.getPauseMs() > 0) return;
		const { startedAt } = this.window;
		if (startedAt > 0 && Date.now() - startedAt >= this.windowMs) this.window = createWindow(false);
		for (;;) {
			const run = [...this.runs].find(({ waiting }) => waiting.length > 0);
			if (!run || !this.isFree() || this.getPauseMs() > 0) return;
			// To the end of the rotation.
			this.runs.delete(run);
			this.runs.add(run);
			run.dequeue(run.waiting[0]).resolve(this.createTurn(run));
		}
	}

	private isFree(): boolean {
		const { cautious, passed, sent, ended, probes } = this.window;
		const widest = Math.max(...[...this.runs].map(({ maxInFlight }) => maxInFlight));
		if (this.inFlight >= widest) return false;
		// Answers to requests in flight may still say that more is left.
		if (this.quota && this.quota.remaining <= 0) return false;
		if (cautious && passed === 0) return sent === ended;
		return !this.isProbing() || probes.inFlight <= probes.passed;
	}

	/** Whether the next request goes past the size that the limit is known to have. */
	private isProbing(): boolean {
		return !this.quota && this.window.sent >= this.size.sent - this.size.refused;
	}

	private createTurn(run: RunTurns): Turn {
		const { window } = this;
		const isProbe = this.isProbing();
		const number = ++this.sent;
		this.inFlight++;
		run.inFlight++;
		window.startedAt ||= Date.now();
		window.sent++;
		if (isProbe) window.probes.inFlight++;
		if (this.quota) this.quota.remaining--;
		let ended = false;
		return {
			end: (answer) => {
				if (ended) return;
				ended = true;
				this.inFlight--;
				run.inFlight--;
				window.ended++;
				if (isProbe) window.probes.inFlight--;
				if (answer?.status === 429) window.refused++;
				else if (answer) this.notePassed(window, isProbe, run);
				if (answer) this.noteAnswer(answer, window, number);
				this.leave(run);
				this.dispatch();
			},
		};
	}

	private notePassed(window: Window, isProbe: boolean, { maxInFlight }: RunTurns): void {
		window.passed++;
		if (!isProbe) return;
		window.probes.passed++;
		// Probed up to full width without a refusal: the size is not known any more.
		if (window === this.window && window.probes.passed >= maxInFlight) {
			this.size = { sent: Infinity, refused: 0 };
		}
	}

	private noteRefusal(answer: Answer, window?: Window): void {
		const now = Date.now();
		const named = parsePauseMs(answer);
		const pauseMs = Math.max(named ?? this.guessPause(), SHORTEST_PAUSE_MS);
		// No window is longer: one wrong answer must not lock an account until n8n restarts.
		this.pauseUntil(now + Math.min(pauseMs, LONGEST_WINDOW_MS));
		if (window === this.window && window.passed > 0) {
			this.size = window;
			if (named !== undefined) this.windowMs = this.pausedUntil - window.startedAt;
		}
		this.window = createWindow(true);
	}

	private pauseUntil(time: number): void {
		if (time <= this.pausedUntil) return;
		this.allPausesMs += time - Math.max(Date.now(), this.pausedUntil);
		this.pausedUntil = time;
		this.rejectOverBudget();
	}

	/** Ends the waits that the pause makes longer than their items may wait. */
	private rejectOverBudget(): void {
		for (const run of [...this.runs]) {
			const overBudget = run.waiting.filter(
				({ budget, since }) => this.allPausesMs - since > budget.leftMs,
			);
			for (const entry of overBudget) {
				run.dequeue(entry).resolve({ tooLongMs: this.pausedUntil - Date.now() });
			}
			this.leave(run);
		}
	}

	/** Serves the waiting requests until there are none. */
	private async tick(): Promise<void> {
		if (this.ticking) return;
		this.ticking = true;
		while ([...this.runs].some(({ waiting }) => waiting.length > 0)) {
			const pauseMs = this.getPauseMs();
			await sleep(pauseMs > 0 ? Math.min(pauseMs, TICK_MS) : TICK_MS);
			this.dispatch();
		}
		this.ticking = false;
	}

	/** Answers arrive out of order: the one to the newest request counts. */
	private noteQuota(answer: Answer, asOf: number): void {
		const quota = parseQuota(answer);
		if (!quota || (this.quota && asOf < this.quota.asOf)) return;
		const { remaining, resetAt } = quota;
		this.quota = { remaining: remaining - (this.sent - asOf), resetAt, asOf };
	}

	/** Growing pauses from one second, for a 429 that names no time; the 429s of one moment count once. */
	private guessPause(): number {
		if (this.pausedUntil <= Date.now()) this.guesses++;
		return Math.min(1000 * 2 ** (this.guesses - 1), LONGEST_GUESS_MS);
	}
}

function createWindow(cautious: boolean): Window {
	return {
		startedAt: 0,
		cautious,
		sent: 0,
		ended: 0,
		refused: 0,
		passed: 0,
		probes: { inFlight: 0, passed: 0 },
	};
}
