import { createProcessRegistry } from '../processMemory';
import { getCredentialId } from '../transport/accounts';
import { sleepUnheld } from '../transport/sleepUnheld';
import { Outage } from './outage';
import type { Verdict } from './verify';
import type { NodeContext } from '../transport/sendOnce';

/** Questions at once for senders that wait, for each account in one n8n process: n8n makes an isolate for each. */
const QUICK_AT_ONCE = 10;
/** The same for executions, which need no isolate: a burst of pending events should wait for n8n, not for a place here. */
const PENDING_AT_ONCE = 20;
/** Accounts that a process remembers. */
const MAX_ACCOUNTS = 1_000;

/** Milliseconds over which answers are counted. */
const WINDOW_MS = 60_000;
/** Answers that confirmed nothing in a window: so many, and more than half of all, are a flood of forged notifications. */
const FLOOD_MIN_UNCONFIRMED = 10;
/** Questions in a window that a flood may cost: about half of SafePays' 1,000 a minute and 10,000 an hour for a key. */
const FLOOD_LIMITS = [
	{ windowMs: WINDOW_MS, requests: 600 },
	{ windowMs: 3_600_000, requests: 5_000 },
];
/** Milliseconds that a notification may wait until it is known whether there is a flood. */
const EVIDENCE_WITHIN_MS = 1500;

/** The throttle of a node's account: SafePays limits its requests, and is up or down for it, as a whole. */
export function getThrottle(context: NodeContext): Throttle {
	// By its ID: reading the credential would cost a webhook an isolate.
	return byAccount(getCredentialId(context));
}

const byAccount = createProcessRegistry(
	MAX_ACCOUNTS,
	'credentials, by their ID: whether SafePays can be asked, and how many notifications were true',
	() => new Throttle(),
);

/**
 * Says when the API may be asked about a notification. Anybody can send notifications: a flood of
 * them must not eat the user's rate limit, of which SafePays counts refused requests too.
 */
export class Throttle {
	readonly outage = new Outage();
	/** Questions under way, for senders that wait and in executions. */
	private quick = 0;
	private inExecutions = 0;

	/** Executions that wait for their turn, and notifications that wait for any answer. */
	private readonly waiting: Array<() => void> = [];
	private readonly waitingForAnswer: Array<() => void> = [];

	private readonly windows = FLOOD_LIMITS.map((limit) => ({
		...limit,
		since: 0,
		answers: 0,
		unconfirmed: 0,
	}));

	/**
	 * Asks for a sender that waits.
	 *
	 * @param canDefer whether an execution can ask instead: then what executions ask counts as well
	 * @returns undefined where it may not be asked now
	 */
	async tryAsk<T>(question: () => Promise<T>, canDefer: boolean): Promise<T | undefined> {
		// In a flood, a sender without a place is turned away, so executions must not take it.
		const others = canDefer && !isFlood(this.getWindows()[0]) ? this.inExecutions : 0;
		const isBusy = this.quick + others >= QUICK_AT_ONCE;
		if (isBusy || this.outage.getPauseMs() > 0 || this.isOverLimit()) return undefined;
		this.quick++;
		try {
			return await question();
		} finally {
			this.quick--;
		}
	}

	/** Asks for an execution, which waits for its turn. */
	async ask<T>(question: () => Promise<T>): Promise<T> {
		while (this.inExecutions >= PENDING_AT_ONCE)
			await new Promise<void>((resolve) => this.waiting.push(resolve));
		this.inExecutions++;
		try {
			return await question();
		} finally {
			this.inExecutions--;
			this.waiting.shift()?.();
		}
	}

	/** Takes note of what the API said. @param askedAt milliseconds since 1970 */
	note(verdict: Verdict, askedAt: number): void {
		this.outage.note(verdict, askedAt);
		if (verdict.kind === 'unavailable') return;
		for (const window of this.getWindows()) {
			window.answers++;
			if (verdict.kind === 'unknown') window.unconfirmed++;
		}
		for (const resolve of this.waitingForAnswer.splice(0)) resolve();
	}

	/** Notes a notification that the API did not confirm, other than by knowing no such invoice. */
	noteUnconfirmed(): void {
		for (const window of this.getWindows()) window.unconfirmed++;
	}

	/**
	 * Whether most of what came lately was not true. Where little is known yet, the first answers are
	 * waited for.
	 */
	async isFlooded(): Promise<boolean> {
		const giveUp = Date.now() + EVIDENCE_WITHIN_MS;
		while (
			this.getWindows()[0].answers < FLOOD_MIN_UNCONFIRMED &&
			this.quick + this.inExecutions > 0
		) {
			const left = giveUp - Date.now();
			if (left <= 0) break;
			const answered = new Promise<void>((resolve) => this.waitingForAnswer.push(resolve));
			await Promise.race([answered, sleepUnheld(left)]);
		}
		return isFlood(this.getWindows()[0]);
	}

	private isOverLimit(): boolean {
		return this.getWindows().some((window) => isFlood(window) && window.answers >= window.requests);
	}

	private getWindows() {
		const now = Date.now();
		for (const window of this.windows) {
			if (now - window.since >= window.windowMs)
				Object.assign(window, { since: now, answers: 0, unconfirmed: 0 });
		}
		return this.windows;
	}
}

function isFlood({ answers, unconfirmed }: { answers: number; unconfirmed: number }): boolean {
	return unconfirmed >= FLOOD_MIN_UNCONFIRMED && unconfirmed > answers / 2;
}
