import { clearProcessMemory } from '../../../../nodes/SafePays/processMemory';
import { type RunTurns, type Turn } from '../../../../nodes/SafePays/transport/rateLimit';
import { parsePauseMs } from '../../../../nodes/SafePays/transport/rateLimitHeaders';
import {
	getAccountName,
	getAccountOfCredential,
	getAccountRateLimit,
	joinAccount,
	noteAccountOfCredential,
} from '../../../../nodes/SafePays/transport/accounts';
import type { Answer } from '../../../../nodes/SafePays/transport/sendOnce';
import { RateLimiter, type RateLimit } from '../../../../sandbox/rateLimit';

const KEY = 'sk-secret-0123456789';
const URL = 'https://safepays.example.com';
const PATIENT_MS = 86_400_000;
const PASSED: Answer = { status: 201, headers: {}, body: {} };

const refusedFor = (seconds: number): Answer => ({
	status: 429,
	headers: {},
	body: { error: `Rate limit exceeded. Please retry after ${seconds} seconds.` },
});
const join = (maxInFlight = 10, signal?: AbortSignal) => joinAccount(KEY, URL, maxInFlight, signal);
const acquire = async (run: RunTurns) => (await run.acquire({ leftMs: PATIENT_MS })) as Turn;
const passes = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

/** Turns as they are handed out. */
function acquireMany(run: RunTurns, count: number): Turn[] {
	const turns: Turn[] = [];
	for (let index = 0; index < count; index++) {
		void acquire(run).then((turn) => turn && turns.push(turn));
	}
	return turns;
}

/** SafePays as the sandbox has it, on Jest's clock; answers take up to a third longer than `latencyMs`. */
function startServer(limit: RateLimit | RateLimit[], latencyMs: number) {
	const limiter = new RateLimiter([limit].flat(), () => new Date());
	const seen = { requests: 0, refused: 0, inFlight: 0, mostInFlight: 0 };
	let random = 1;
	const answer = async (): Promise<Answer> => {
		seen.requests++;
		seen.mostInFlight = Math.max(seen.mostInFlight, ++seen.inFlight);
		const verdict = limiter.count(KEY);
		random = (random * 16_807) % 2_147_483_647;
		await new Promise((resolve) =>
			setTimeout(resolve, latencyMs * (1 + random / 2_147_483_647 / 3)),
		);
		seen.inFlight--;
		const headers = Object.fromEntries(
			Object.entries(verdict?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
		);
		if (verdict?.retryAfterSeconds == null) return { ...PASSED, headers };
		seen.refused++;
		return { ...refusedFor(verdict.retryAfterSeconds), headers };
	};
	return { seen, answer };
}

/** Sends so many requests as a run of the node does: by workers, each again until it has passed. */
async function send(run: RunTurns, requests: number, answer: () => Promise<Answer>): Promise<void> {
	let left = requests;
	const worker = async () => {
		while (left-- > 0) {
			for (let refused = true; refused; ) {
				const turn = await acquire(run);
				const got = await answer();
				turn.end(got);
				refused = got.status === 429;
			}
		}
	};
	await Promise.all(Array.from({ length: Math.min(run.maxInFlight, requests) }, worker));
}

/** @returns seconds on Jest's clock */
async function timeUntil(work: Promise<unknown>): Promise<number> {
	const startedAt = Date.now();
	let endedAt: number | undefined;
	void work.then(() => (endedAt = Date.now()));
	while (endedAt === undefined) await passes(1000);
	return (endedAt - startedAt) / 1000;
}

beforeEach(() => {
	jest.useFakeTimers();
	clearProcessMemory();
});

afterEach(() => jest.useRealTimers());

describe('forty runs of 25 requests at once', () => {
	describe.each([true, false])('with X-RateLimit headers: %s', (headers) => {
		it.each([
			// SafePays' own window, at its own size and at a third of it
			{ requests: 1000, windowSeconds: 60, latencyMs: 50, most: 1.15 },
			{ requests: 300, windowSeconds: 60, latencyMs: 50, most: 1.15 },
			{ requests: 300, windowSeconds: 60, latencyMs: 200, most: 1.15 },
			// A time to wait in whole seconds, rounded up, may cost a short window a fifth.
			{ requests: 300, windowSeconds: 5, latencyMs: 50, most: 1.25 },
			{ requests: 100, windowSeconds: 10, latencyMs: 20, most: 1.15 },
		])(
			'under $requests in $windowSeconds s: below 5 % are refused, within $most of what the limit allows',
			async ({ requests, windowSeconds, latencyMs, most }) => {
				const { seen, answer } = startServer({ requests, windowSeconds, headers }, latencyMs);
				const runs = Array.from({ length: 40 }, async () => await send(join(), 25, answer));
				const seconds = await timeUntil(Promise.all(runs));
				const windows = Math.ceil(1000 / requests) - 1;
				const inLastWindow = 1000 - windows * requests;
				const bound = windows * windowSeconds + (inLastWindow * latencyMs * (7 / 6)) / 1000 / 10;
				expect(seen.refused / seen.requests).toBeLessThan(headers ? 0.001 : 0.02);
				expect(seconds).toBeLessThan(most * bound);
				expect(seen.mostInFlight).toBe(10);
			},
		);
	});
});

it.each([true, false])(
	"a run of the widest kind meets SafePays' own limit with a request or two for each window (headers: %s)",
	async (headers) => {
		const limit = { requests: 1000, windowSeconds: 60, headers };
		const { seen, answer } = startServer(limit, 100);
		const seconds = await timeUntil(send(join(100), 3500, answer));
		expect(seen.refused).toBeLessThanOrEqual(headers ? 0 : 6);
		expect(seconds).toBeLessThan(1.15 * 180);
	},
);

it('a limit that names no time is waited out by growing pauses, with one request at a time', async () => {
	const { seen, answer } = startServer({ requests: 300, windowSeconds: 60 }, 50);
	const silent = async () => ({ ...(await answer()), body: {} });
	await timeUntil(send(join(), 1000, silent));
	expect(seen.refused / seen.requests).toBeLessThan(0.05);
});

describe('turns', () => {
	it('are as many at once as the widest of the runs that wait or send may have', async () => {
		const [narrow, wide] = [join(2), join(5)];
		const turns = acquireMany(narrow, 10);
		await passes(0);
		expect(narrow.inFlight).toBe(2);
		const wideTurns = acquireMany(wide, 1);
		await passes(0);
		expect(narrow.inFlight + wide.inFlight).toBe(5);
		for (const turn of wideTurns) turn.end(PASSED);
		for (const turn of turns.splice(0)) turn.end(PASSED);
		await passes(0);
		expect([narrow.inFlight, wide.inFlight]).toEqual([2, 0]);
	});

	it('go round: a single request does not wait for a batch', async () => {
		const batch = acquireMany(join(3), 100);
		await passes(0);
		const single = acquireMany(join(3), 1);
		await passes(0);
		expect(single).toHaveLength(0);
		batch[0].end(PASSED);
		await passes(0);
		// The batch has had its turns; the next one goes to who came later.
		batch[1].end(PASSED);
		await passes(0);
		expect(single).toHaveLength(1);
	});

	it('of a run that is cancelled go to the others, and its wait ends at once', async () => {
		const cancelling = new AbortController();
		const cancelled = join(1, cancelling.signal);
		const [mine] = [await acquire(cancelled)];
		const waiting = cancelled.acquire({ leftMs: PATIENT_MS });
		const other = acquireMany(join(1), 1);
		cancelling.abort();
		expect(await waiting).toBeUndefined();
		expect(await cancelled.acquire({ leftMs: PATIENT_MS })).toBeUndefined();
		await passes(0);
		expect(other).toHaveLength(0);
		// What was on its way when the run was cancelled got no answer.
		mine.end();
		await passes(0);
		expect(other).toHaveLength(1);
	});

	it('that are ended twice count once', async () => {
		const run = join(1);
		const turn = await acquire(run);
		turn.end(PASSED);
		turn.end();
		expect(acquireMany(run, 3)).toHaveLength(0);
		await passes(0);
		expect(run.inFlight).toBe(1);
	});

	it('of one account do not depend on another account', async () => {
		(await acquire(join(1))).end(refusedFor(60));
		const others = [joinAccount('another-key', URL, 1), joinAccount(KEY, 'http://127.0.0.1', 1)];
		const turns = others.map((other) => acquireMany(other, 1));
		await passes(0);
		expect(turns.map(({ length }) => length)).toEqual([1, 1]);
	});
});

describe('a refusal', () => {
	it('pauses every run, until the time that it names; then one request asks first', async () => {
		const [one, another] = [join(), join()];
		(await acquire(one)).end(PASSED);
		(await acquire(one)).end(refusedFor(30));
		const turns = [acquireMany(one, 10), acquireMany(another, 10)];
		const count = () => turns.flat().length;
		await passes(29_900);
		expect(count()).toBe(0);
		await passes(200);
		expect(count()).toBe(1);
		turns.flat()[0].end(PASSED);
		await passes(0);
		// Two have passed so far: as many as before the refusal, and one that feels for more.
		expect(count()).toBe(2);
		expect([one.waitedMs, another.waitedMs].every((ms) => ms >= 0)).toBe(true);
	});

	it('that names no time pauses for twice as long each time, until a request has passed', async () => {
		const run = join();
		const silent: Answer = { status: 429, headers: {}, body: {} };
		let turn = await acquire(run);
		for (const pauseMs of [1000, 2000, 4000]) {
			turn.end(silent);
			const next = acquireMany(run, 10);
			await passes(pauseMs - 100);
			expect(next).toHaveLength(0);
			await passes(100);
			expect(next).toHaveLength(1);
			[turn] = next;
			run.cancel();
		}
		turn.end(PASSED);
		(await acquire(run)).end(silent);
		const next = acquireMany(run, 1);
		await passes(1000);
		expect(next).toHaveLength(1);
	});

	it('turns away at once who cannot wait so long, now and later', async () => {
		const run = join();
		const waiting = join(1).acquire({ leftMs: 59_000 });
		((await waiting) as Turn).end(refusedFor(60));
		expect(await run.acquire({ leftMs: 59_000 })).toHaveProperty('tooLongMs');
		expect(await run.acquire({ leftMs: 0 })).toEqual({ tooLongMs: 60_000 });
		const patient = acquireMany(run, 1);
		await passes(61_000);
		expect(patient).toHaveLength(1);
	});

	it('turns away who waits in the queue when the pause is longer than what is left of its time', async () => {
		const run = join(1);
		const turn = await acquire(run);
		const budget = { leftMs: 45_000 };
		const waiting = run.acquire(budget);
		turn.end(refusedFor(30));
		await passes(31_000);
		const first = (await waiting) as Turn;
		expect(budget.leftMs).toBe(15_000);
		const again = run.acquire(budget);
		first.end(refusedFor(20));
		expect(await again).toHaveProperty('tooLongMs');
		expect(run.waitedMs).toBe(30_000);
	});

	it('that names a day is believed for an hour, the longest window that SafePays has', async () => {
		const run = join();
		(await acquire(run)).end(refusedFor(86_400));
		const turns = acquireMany(run, 10);
		await passes(3_599_000);
		expect(turns).toHaveLength(0);
		await passes(2000);
		expect(turns).toHaveLength(1);
	});

	it('exactly as long as the time that an item may wait is waited out', async () => {
		const run = join();
		(await acquire(run)).end(refusedFor(60));
		const waiting = run.acquire({ leftMs: 60_000 });
		await passes(60_100);
		expect(await waiting).toBeDefined();
	});
});

it('a request that hangs at the edge of the limit holds the others up no longer than the window', async () => {
	const run = join();
	for (const turn of [await acquire(run), await acquire(run)]) turn.end(PASSED);
	(await acquire(run)).end(refusedFor(5));
	await passes(5100);
	(await acquire(run)).end(PASSED);
	(await acquire(run)).end(PASSED);
	// The third is one more than passed last time; it hangs.
	await acquire(run);
	const others = acquireMany(run, 3);
	await passes(1000);
	expect(others).toHaveLength(0);
	await passes(5000);
	expect(others).toHaveLength(3);
});

it('a limit that turns out to be higher than it was is felt for once, and then goes out at full width', async () => {
	const run = join();
	for (const turn of [await acquire(run), await acquire(run)]) turn.end(PASSED);
	(await acquire(run)).end(refusedFor(5));
	await timeUntil(send(run, 50, async () => await Promise.resolve(PASSED)));
	await passes(6000);
	const turns = acquireMany(run, 20);
	await passes(0);
	expect(turns).toHaveLength(10);
	run.cancel();
});

describe('X-RateLimit-Remaining', () => {
	const told = (remaining: number, resetInSeconds: number): Answer => ({
		...PASSED,
		headers: {
			'x-ratelimit-remaining': String(remaining),
			'x-ratelimit-reset': String(Date.now() / 1000 + resetInSeconds),
		},
	});

	it('is not exceeded, and what is in flight is counted once', async () => {
		const run = join();
		const first = await acquire(run);
		const inFlight = acquireMany(run, 2);
		await passes(0);
		// The two were sent after the request that this answers.
		first.end(told(5, 20));
		const others = acquireMany(run, 10);
		await passes(0);
		expect(others).toHaveLength(3);
		// Another program took some in between: the newest request knows best, whatever comes last.
		inFlight[1].end(told(3, 20));
		inFlight[0].end(told(40, 20));
		await passes(0);
		expect(others).toHaveLength(3);
		for (const turn of others.splice(0).reverse()) turn.end(told(0, 20));
		await passes(19_500);
		expect(others).toHaveLength(0);
		await passes(1000);
		expect(others.length).toBeGreaterThan(1);
	});

	it.each([
		['in the past', -5],
		['in milliseconds', 1_700_000_000_000],
	])('with a reset %s is not believed', async (_, resetInSeconds) => {
		const run = join();
		(await acquire(run)).end(told(0, resetInSeconds));
		expect(await acquire(run)).toBeDefined();
	});
});

describe('what a process knows of an account', () => {
	it('is there for the next run, and forgotten an hour after its last use', async () => {
		(await acquire(join())).end(refusedFor(1800));
		const account = getAccountRateLimit(getAccountName(KEY, URL));
		expect(account.getPauseMs()).toBe(1_800_000);
		await passes(1_800_000 + 3_599_000);
		expect(getAccountRateLimit(getAccountName(KEY, URL))).toBe(account);
		await passes(2000);
		expect(getAccountRateLimit(getAccountName(KEY, URL))).not.toBe(account);
	});

	it('is found under a name that does not tell the key', () => {
		expect(getAccountName(KEY, URL)).toMatch(/^[0-9a-f]{64}$/);
		expect(getAccountName(KEY, URL)).toBe(getAccountName(KEY, URL));
		expect(getAccountName('a', 'bc')).not.toBe(getAccountName('ab', 'c'));
	});

	it('is found by the id of a credential, once a request has gone out with it', async () => {
		expect(getAccountOfCredential('credential-1')).toBeUndefined();
		noteAccountOfCredential('credential-1', KEY, URL);
		expect(getAccountOfCredential('credential-1')?.getPauseMs()).toBeLessThanOrEqual(0);
		getAccountOfCredential('credential-1')?.noteAnswer(refusedFor(60));
		expect(await join().acquire({ leftMs: 1000 })).toHaveProperty('tooLongMs');
	});
});

describe('the time that a 429 names', () => {
	const headers = (more: Record<string, string>): Answer => ({
		status: 429,
		headers: more,
		body: {},
	});
	const at = (ms: number) => new Date(Date.now() + ms);

	it.each<[string, () => Answer, number | undefined]>([
		['Retry-After in seconds', () => headers({ 'retry-after': '7' }), 7000],
		[
			'Retry-After before the sentence',
			() => ({ ...refusedFor(60), headers: { 'retry-after': '2' } }),
			2000,
		],
		['the sentence', () => refusedFor(60), 60_000],
		[
			'X-RateLimit-Reset',
			() => headers({ 'x-ratelimit-reset': String(at(9000).getTime() / 1000) }),
			9000,
		],
		['none', () => headers({}), undefined],
		['nothing that is a time', () => headers({ 'retry-after': 'soon' }), undefined],
	])('is read from %s', (_, answer, pauseMs) => {
		expect(parsePauseMs(answer())).toBe(pauseMs);
	});

	it("Retry-After as a date is read on the server's clock", () => {
		jest.setSystemTime(new Date('2026-11-21T12:00:00Z'));
		const date = 'Sat, 21 Nov 2026 13:00:00 GMT';
		const retryAfter = 'Sat, 21 Nov 2026 13:00:30 GMT';
		expect(parsePauseMs(headers({ 'retry-after': retryAfter, date }))).toBe(30_000);
	});
});
