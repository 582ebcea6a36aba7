import { createHash } from 'crypto';
import { sleep } from 'n8n-workflow';

import { createProcessMap } from '../processMemory';
import type { Answer } from './request';

/** An item's time for waiting, in milliseconds; it shrinks as the item waits. */
export interface WaitBudget {
	leftMs: number;
}

/** The right to send one request. It has to be ended, whatever comes of the request. */
export interface Turn {
	/** @param answer left out where there is none: it is read for what it says of the limit */
	end(answer?: Answer): void;
}

/** A turn; or how long the limit would have to be waited for; or undefined if the wait was cancelled. */
export type Acquired = Turn | { tooLongMs: number } | undefined;

interface Waiting {
	budget: WaitBudget;
	/** `pausedMs` of the account when the wait began. */
	since: number;
	resolve: (acquired: Acquired) => void;
}

/** The requests between two pauses, or of one window's time where there was no pause. */
interface Window {
	/** Milliseconds since 1970; 0 before the first request. */
	startedAt: number;
	/** Whether it began after a refusal, so that one request asks first whether the pause was long enough. */
	cautious: boolean;
	sent: number;
	ended: number;
	refused: number;
	/** Answers other than 429. */
	passed: number;
	/** The requests past the size that the limit is known to have. */
	beyond: { inFlight: number; passed: number };
}

/** SafePays, "Rate limits". */
const PUBLISHED_LIMIT = { requests: 1000, windowMs: 60_000 };
/** A reset further away than this is no reset time (milliseconds sent as seconds, a wrong clock). */
const LONGEST_WINDOW_MS = 3_600_000;
const SHORTEST_PAUSE_MS = 250;
const LONGEST_GUESS_MS = 60_000;
/** Longest sleep of those who wait; not longer than a pause, so that none ends unnoticed. */
const TICK_MS = SHORTEST_PAUSE_MS;
const MAX_ACCOUNTS = 100;
const MAX_CREDENTIALS = 1000;

const accounts = createProcessMap<AccountRateLimit>(
	MAX_ACCOUNTS,
	'accounts, by a hash of API key and Base URL: their rate limit, for an hour after its last use',
);
/** By the id of a credential. */
const accountNames = createProcessMap<string>(
	MAX_CREDENTIALS,
	'credentials, by their ID: the hash that names the account',
);

/** @param maxInFlight see `RunTurns` */
export function joinAccount(
	apiKey: string,
	baseUrl: string,
	maxInFlight: number,
	signal?: AbortSignal,
): RunTurns {
	return new RunTurns(getAccountRateLimit(getAccountName(apiKey, baseUrl)), maxInFlight, signal);
}

/** Names an account without its API key, which must not stay in memory longer than a request. */
export function getAccountName(apiKey: string, baseUrl: string): string {
	return createHash('sha256')
		.update(JSON.stringify([apiKey, baseUrl]))
		.digest('hex');
}

/** What this process knows of an account's rate limit; forgotten an hour after its last use. */
export function getAccountRateLimit(accountName: string): AccountRateLimit {
	for (const [name, account] of accounts) {
		if (account.isForgettable()) accounts.delete(name);
	}
	const account = accounts.get(accountName) ?? new AccountRateLimit();
	accounts.set(accountName, account);
	return account;
}

/**
 * The account of a credential as its last request has shown it, for callers that do not read the
 * credential; undefined before the first one.
 */
export function getAccountOfCredential(credentialId: string): AccountRateLimit | undefined {
	const name = accountNames.get(credentialId);
	return name === undefined ? undefined : getAccountRateLimit(name);
}

export function noteAccountOfCredential(
	credentialId: string,
	apiKey: string,
	baseUrl: string,
): void {
	accountNames.set(credentialId, getAccountName(apiKey, baseUrl));
}

/**
 * The turns of one run of a node, or of one question of a trigger. It takes part in its account's
 * rotation only while it waits or has something in flight, so there is nothing to leave.
 */
export class RunTurns {
	readonly waiting: Waiting[] = [];

	inFlight = 0;

	/** Milliseconds during which the run stood still for the rate limit. */
	waitedMs = 0;

	private stoodStillSince = 0;

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
			const since = this.account.pausedMs();
			if (this.waiting.length === 0) this.stoodStillSince = since;
			this.waiting.push({ budget, since, resolve });
			this.account.join(this);
		});
	}

	/** Takes out one that waits, the first unless another is named. */
	takeOut(entry = this.waiting[0]): Waiting {
		this.waiting.splice(this.waiting.indexOf(entry), 1);
		const getPausedMs = this.account.pausedMs();
		entry.budget.leftMs -= getPausedMs - entry.since;
		if (this.waiting.length === 0) this.waitedMs += getPausedMs - this.stoodStillSince;
		return entry;
	}

	/** Ends all waiting. */
	readonly cancel = (): void => {
		while (this.waiting.length > 0) this.takeOut().resolve(undefined);
		this.account.leave(this);
	};
}

/**
 * SafePays' rate limit for one API key at one base URL, as all that runs in this process shares it:
 * who may send next, and what is known of the limit ("Rate limits" of SafePays; refused requests
 * count too, so running into it has to be rare).
 *
 * - At most as many requests are in flight as the widest of the runs may have; runs take turns.
 * - A 429 pauses everybody. After it one request asks first; when it has passed, as many follow at
 *   full width as passed last time, and then the rest is felt for: one, then two, four, …
 * - What `X-RateLimit-Remaining` leaves over is not exceeded.
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
	pausedMs(): number {
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
	learn(answer: Answer, window?: Window, asOf = this.sent - this.inFlight): void {
		this.lastUsedAt = Date.now();
		this.learnQuota(answer, asOf);
		if (answer.status === 429) this.learnRefusal(answer, window);
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
			run.takeOut().resolve(this.createTurn(run));
		}
	}

	private isFree(): boolean {
		const { cautious, passed, sent, ended, beyond } = this.window;
		const widest = Math.max(...[...this.runs].map(({ maxInFlight }) => maxInFlight));
		if (this.inFlight >= widest) return false;
		// Answers to requests in flight may still say that more is left.
		if (this.quota && this.quota.remaining <= 0) return false;
		if (cautious && passed === 0) return sent === ended;
		return !this.isBeyond() || beyond.inFlight <= beyond.passed;
	}

	private isBeyond(): boolean {
		return !this.quota && this.window.sent >= this.size.sent - this.size.refused;
	}

	private createTurn(run: RunTurns): Turn {
		const { window } = this;
		const isBeyond = this.isBeyond();
		const number = ++this.sent;
		this.inFlight++;
		run.inFlight++;
		window.startedAt ||= Date.now();
		window.sent++;
		if (isBeyond) window.beyond.inFlight++;
		if (this.quota) this.quota.remaining--;
		let ended = false;
		return {
			end: (answer) => {
				if (ended) return;
				ended = true;
				this.inFlight--;
				run.inFlight--;
				window.ended++;
				if (isBeyond) window.beyond.inFlight--;
				if (answer?.status === 429) window.refused++;
				else if (answer) this.pass(window, isBeyond, run);
				if (answer) this.learn(answer, window, number);
				this.leave(run);
				this.dispatch();
			},
		};
	}

	private pass(window: Window, isBeyond: boolean, { maxInFlight }: RunTurns): void {
		window.passed++;
		if (!isBeyond) return;
		window.beyond.passed++;
		// Felt for up to full width without a refusal: the size is not known any more.
		if (window === this.window && window.beyond.passed >= maxInFlight) {
			this.size = { sent: Infinity, refused: 0 };
		}
	}

	private learnRefusal(answer: Answer, window?: Window): void {
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
		this.rejectSpent();
	}

	private rejectSpent(): void {
		for (const run of [...this.runs]) {
			const spent = run.waiting.filter(
				({ budget, since }) => this.allPausesMs - since > budget.leftMs,
			);
			for (const entry of spent) {
				run.takeOut(entry).resolve({ tooLongMs: this.pausedUntil - Date.now() });
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
	private learnQuota({ headers }: Answer, asOf: number): void {
		const remaining = parseNumber(headers['x-ratelimit-remaining']);
		const reset = parseNumber(headers['x-ratelimit-reset']);
		if (remaining === undefined || reset === undefined) return;
		const resetAt = toLocalClock(reset * 1000, headers.date);
		const resetMs = resetAt - Date.now();
		if (resetMs <= 0 || resetMs > LONGEST_WINDOW_MS) return;
		if (this.quota && asOf < this.quota.asOf) return;
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
		beyond: { inFlight: 0, passed: 0 },
	};
}

/**
 * Milliseconds that a 429 asks to wait: `Retry-After` (seconds or a date), else the end of the
 * window in `X-RateLimit-Reset`, else the sentence "Please retry after 60 seconds." (SafePays,
 * "Rate limits"); undefined if it names none.
 */
export function parsePauseMs({ headers, body }: Answer): number | undefined {
	const retryAfter = headers['retry-after'];
	const seconds = parseNumber(retryAfter);
	if (seconds !== undefined) return seconds * 1000;
	const date = retryAfter ? Date.parse(retryAfter) : NaN;
	if (!Number.isNaN(date)) return Math.max(0, toLocalClock(date, headers.date) - Date.now());
	const reset = parseNumber(headers['x-ratelimit-reset']);
	const resetMs = reset === undefined ? 0 : toLocalClock(reset * 1000, headers.date) - Date.now();
	if (resetMs > 0 && resetMs <= LONGEST_WINDOW_MS) return resetMs;
	const sentence = /after\s+(\d+(?:\.\d+)?)\s*second/i.exec(JSON.stringify(body ?? ''));
	return sentence ? Number(sentence[1]) * 1000 : undefined;
}

/** A server's moment on this machine's clock. The Date header has whole seconds: a smaller difference says nothing. */
function toLocalClock(time: number, serverDate: string | undefined): number {
	const skew = (serverDate ? Date.parse(serverDate) : NaN) - Date.now();
	return Number.isNaN(skew) || Math.abs(skew) < 2000 ? time : time - skew;
}

function parseNumber(header: string | undefined): number | undefined {
	const value = header === undefined || header.trim() === '' ? NaN : Number(header);
	return Number.isFinite(value) && value >= 0 ? value : undefined;
}
