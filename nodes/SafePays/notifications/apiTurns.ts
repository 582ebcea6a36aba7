/** Requests that notifications may have on their way at once in one n8n process. */
const AT_ONCE = 5;
/** Notifications that may wait for their turn; a flood beyond that is told to come again. */
const MAX_WAITING = 200;
/** Seconds after which a sender should come again, where SafePays names no time. */
export const COME_AGAIN = 30;

/** Answers that confirmed nothing in a window: so many, and more than half of all, are a flood of forged notifications. */
const MISSES_OF_A_FLOOD = 60;
/** Requests that a flood may cost: about half of SafePays' 1,000 a minute and 10,000 an hour for a key. */
const FLOOD_LIMITS = [
	{ windowMs: 60_000, requests: 600 },
	{ windowMs: 3_600_000, requests: 5_000 },
];

let running = 0;
const waiting: Array<() => void> = [];
const turnsByNode = new Map<string, ApiTurns>();

/** The turns of one node, which is one credential's. */
export function turnsOf(nodeName: string): ApiTurns {
	const turns = turnsByNode.get(nodeName) ?? new ApiTurns();
	turnsByNode.set(nodeName, turns);
	return turns;
}

/**
 * Says when a notification may have the API asked. Anybody can send notifications: a flood of them
 * must not eat the user's rate limit, of which SafePays counts refused requests too.
 */
export class ApiTurns {
	private pausedUntil = 0;

	private readonly windows = FLOOD_LIMITS.map((limit) => ({ ...limit, since: 0, asked: 0, missed: 0 }));

	/**
	 * @param deadline milliseconds since 1970 after which it is no use to begin
	 * @returns what the work returns, or undefined if it did not get a turn
	 */
	async take<T>(deadline: number, work: () => Promise<T>): Promise<T | undefined> {
		if (!this.open() || !(await turn(deadline))) return undefined;
		try {
			if (!this.open()) return undefined;
			for (const window of this.windows) window.asked++;
			return await work();
		} finally {
			const next = waiting.shift();
			if (next) next();
			else running--;
		}
	}

	/** Notes a notification that the API did not confirm. */
	countMiss(): void {
		for (const window of this.windows) window.missed++;
	}

	/** Asks nothing for so many seconds: SafePays has reached its rate limit. */
	pause(seconds: number): void {
		this.pausedUntil = Math.max(this.pausedUntil, Date.now() + seconds * 1000);
	}

	/** Seconds after which it is worth coming again. */
	retryAfter(): number {
		const pausedMs = this.pausedUntil - Date.now();
		return pausedMs > 0 ? Math.ceil(pausedMs / 1000) : COME_AGAIN;
	}

	private open(): boolean {
		const now = Date.now();
		for (const window of this.windows) {
			const { since, windowMs, asked, missed, requests } = window;
			if (now - since >= windowMs) Object.assign(window, { since: now, asked: 0, missed: 0 });
			else if (asked >= requests && missed >= MISSES_OF_A_FLOOD && missed > asked / 2) return false;
		}
		return now >= this.pausedUntil;
	}
}

async function turn(deadline: number): Promise<boolean> {
	if (running < AT_ONCE) {
		running++;
		return true;
	}
	if (waiting.length >= MAX_WAITING) return false;
	return await new Promise<boolean>((resolve) => {
		const mine = () => resolve(true);
		waiting.push(mine);
		AbortSignal.timeout(Math.max(0, deadline - Date.now())).addEventListener('abort', () => {
			const place = waiting.indexOf(mine);
			if (place < 0) return;
			waiting.splice(place, 1);
			resolve(false);
		});
	});
}
