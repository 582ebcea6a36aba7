import { sleep } from 'n8n-workflow';

/** Requests that notifications may have on their way at once in one n8n process. */
const AT_ONCE = 5;
/** Notifications that may wait for their turn; a flood beyond that is told to come again. */
const MAX_WAITING = 200;

let running = 0;
const waiting: Array<() => void> = [];

/**
 * Keeps a flood of notifications, which anybody can send, from eating the user's rate limit.
 *
 * @param deadline milliseconds since 1970 after which it is no use to begin
 * @returns undefined if no turn came in time
 */
export async function inTurn<T>(deadline: number, work: () => Promise<T>): Promise<T | undefined> {
	if (!(await turn(deadline))) return undefined;
	try {
		return await work();
	} finally {
		const next = waiting.shift();
		if (next) next();
		else running--;
	}
}

async function turn(deadline: number): Promise<boolean> {
	if (running < AT_ONCE) {
		running++;
		return true;
	}
	if (waiting.length >= MAX_WAITING) return false;
	let mine = (): void => {};
	const myTurn = new Promise<boolean>((resolve) => {
		mine = () => resolve(true);
		waiting.push(mine);
	});
	const tooLate = sleep(Math.max(0, deadline - Date.now())).then(() => {
		const place = waiting.indexOf(mine);
		if (place < 0) return true;
		waiting.splice(place, 1);
		return false;
	});
	return await Promise.race([myTurn, tooLate]);
}
