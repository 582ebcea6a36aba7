import { clearProcessMemory } from '../../../../nodes/SafePays/processMemory';
import { Outage } from '../../../../nodes/SafePays/webhooks/outage';
import { Throttle } from '../../../../nodes/SafePays/webhooks/throttle';
import type { Verdict } from '../../../../nodes/SafePays/webhooks/verify';

const CONFIRMED = { kind: 'confirmed' } as Verdict;
const UNKNOWN = { kind: 'unknown' } as Verdict;
const DOWN = { kind: 'unavailable', reason: 'no answer', timedOut: false } as Verdict;
const LIMITED = { ...DOWN, pauseMs: 40_000 } as Verdict;

/** A question that is answered when it is told to. */
function question() {
	let answer: (value: string) => void = () => {};
	const answered = new Promise<string>((resolve) => (answer = resolve));
	return { ask: async () => await answered, answer: () => answer('done') };
}

const settle = async () => await new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
	jest.useRealTimers();
	clearProcessMemory();
});

describe('Questions while senders wait', () => {
	it('are ten at once; who comes then is refused, not queued', async () => {
		const throttle = new Throttle();
		const questions = Array.from({ length: 20 }, question);
		const results = questions.map(async ({ ask }) => await throttle.tryAsk(ask, false));
		for (const { answer } of questions) answer();
		const answers = await Promise.all(results);
		expect(answers.filter((answer) => answer === 'done')).toHaveLength(10);
		expect(answers.filter((answer) => answer === undefined)).toHaveLength(10);
		expect(await throttle.tryAsk(async () => 'again', false)).toBe('again');
	});

	it('are not asked for who can be deferred while ten executions ask, but for others and in a flood', async () => {
		const throttle = new Throttle();
		const questions = Array.from({ length: 10 }, question);
		for (const { ask } of questions) void throttle.ask(ask);
		expect(await throttle.tryAsk(async () => 'asked', true)).toBeUndefined();
		expect(await throttle.tryAsk(async () => 'asked', false)).toBe('asked');
		for (let nth = 0; nth < 10; nth++) throttle.note(UNKNOWN, Date.now());
		expect(await throttle.tryAsk(async () => 'asked', true)).toBe('asked');
		for (const { answer } of questions) answer();
	});

	it('give their place back when they throw', async () => {
		const throttle = new Throttle();
		const fail = async () => await Promise.reject(new Error('It failed'));
		for (let nth = 0; nth < 20; nth++) await expect(throttle.tryAsk(fail, false)).rejects.toThrow();
	});

	it('are not asked while SafePays wants to be left alone', async () => {
		const throttle = new Throttle();
		throttle.note(LIMITED, Date.now());
		expect(await throttle.tryAsk(async () => 'asked', false)).toBeUndefined();
		expect(throttle.outage.getPauseMs()).toBeGreaterThan(38_000);
	});
});

describe('Questions of executions', () => {
	it('are twenty at once, in the order of asking, and nobody is refused', async () => {
		const throttle = new Throttle();
		const begun: number[] = [];
		let inFlight = 0;
		let most = 0;
		await Promise.all(
			Array.from({ length: 300 }, async (_, nth) => {
				await throttle.ask(async () => {
					begun.push(nth);
					most = Math.max(most, ++inFlight);
					await settle();
					inFlight--;
				});
			}),
		);
		expect(most).toBe(20);
		expect(begun).toEqual([...begun].sort((a, b) => a - b));
		expect(begun).toHaveLength(300);
	});

	it('give their place on when they throw', async () => {
		const throttle = new Throttle();
		const results = await Promise.allSettled(
			Array.from(
				{ length: 30 },
				async () => await throttle.ask(async () => await Promise.reject(new Error('It failed'))),
			),
		);
		expect(results.every(({ status }) => status === 'rejected')).toBe(true);
	});
});

describe('A flood', () => {
	async function isFlooded(confirmed: number, unknown: number): Promise<boolean> {
		const throttle = new Throttle();
		for (let nth = 0; nth < confirmed; nth++) throttle.note(CONFIRMED, Date.now());
		for (let nth = 0; nth < unknown; nth++) throttle.note(UNKNOWN, Date.now());
		return await throttle.isFlooded();
	}

	it('is when ten answers of the last minute confirmed nothing, and more than half', async () => {
		expect(await isFlooded(0, 9)).toBe(false);
		expect(await isFlooded(0, 10)).toBe(true);
		expect(await isFlooded(10, 10)).toBe(false);
		expect(await isFlooded(10, 11)).toBe(true);
		expect(await isFlooded(300, 60)).toBe(false);
	});

	it('says nothing about SafePays being down', async () => {
		const throttle = new Throttle();
		for (let nth = 0; nth < 100; nth++) throttle.note(DOWN, Date.now());
		expect(await throttle.isFlooded()).toBe(false);
	});

	it('is waited to be known of while the first questions are asked', async () => {
		const throttle = new Throttle();
		const { ask, answer } = question();
		void throttle.tryAsk(ask, false);
		const flooded = throttle.isFlooded();
		for (let nth = 0; nth < 10; nth++) throttle.note(UNKNOWN, Date.now());
		expect(await flooded).toBe(true);
		answer();
	});

	it('is waited to be known of while executions ask', async () => {
		const throttle = new Throttle();
		const { ask, answer } = question();
		void throttle.ask(ask);
		const flooded = throttle.isFlooded();
		for (let nth = 0; nth < 10; nth++) throttle.note(UNKNOWN, Date.now());
		expect(await flooded).toBe(true);
		answer();
	});

	it('may ask about half of what SafePays allows in a minute, and goes on in the next', async () => {
		jest.useFakeTimers({ now: 10_000_000, doNotFake: ['setImmediate', 'nextTick'] });
		const throttle = new Throttle();
		const ask = async (times: number, verdict: Verdict) => {
			let asked = 0;
			for (let nth = 0; nth < times; nth++) {
				await throttle.tryAsk(async () => {
					asked++;
					throttle.note(verdict, Date.now());
				}, false);
			}
			return asked;
		};
		expect(await ask(2000, UNKNOWN)).toBe(600);
		jest.setSystemTime(10_060_000);
		expect(await ask(10, CONFIRMED)).toBe(10);
		expect(await ask(2000, CONFIRMED)).toBe(2000);
	});
});

describe('An outage', () => {
	const SECOND = 1000;

	beforeEach(() => jest.useFakeTimers({ now: 10_000_000 }));

	/** SafePays fails for so many seconds. */
	function failing(seconds: number): Outage {
		const outage = new Outage();
		for (let second = 0; second <= seconds; second++) {
			outage.note(DOWN, Date.now());
			if (second < seconds) jest.advanceTimersByTime(SECOND);
		}
		return outage;
	}

	const countAllowed = (outage: Outage, count: number) =>
		Array.from({ length: count }, () => outage.mayKeepAsking({})).filter(Boolean).length;

	it('is waited out by everybody for 25 seconds, then by five, until one question went through', () => {
		expect(countAllowed(failing(25), 100)).toBe(100);
		const outage = failing(26);
		expect(countAllowed(outage, 100)).toBe(5);
		outage.note(UNKNOWN, Date.now());
		expect(countAllowed(outage, 100)).toBe(100);
	});

	it('gives the place of an execution that has ended to another', () => {
		const outage = failing(30);
		const five = Array.from({ length: 5 }, () => ({}));
		expect(five.map((one) => outage.mayKeepAsking(one))).toEqual(Array(5).fill(true));
		expect(five.map((one) => outage.mayKeepAsking(one))).toEqual(Array(5).fill(true));
		expect(outage.mayKeepAsking({})).toBe(false);
		outage.leave(five[0]);
		expect(outage.mayKeepAsking({})).toBe(true);
	});

	it('of a minute ago is no outage: nobody has asked since', () => {
		const outage = failing(30);
		jest.advanceTimersByTime(61 * SECOND);
		expect(countAllowed(outage, 100)).toBe(100);
		outage.note(DOWN, Date.now());
		expect(countAllowed(outage, 100)).toBe(100);
	});

	it('that is a rate limit is waited out likewise, and nothing is asked before its time', () => {
		const outage = new Outage();
		outage.note(LIMITED, Date.now());
		jest.advanceTimersByTime(24 * SECOND);
		expect(countAllowed(outage, 100)).toBe(100);
		jest.advanceTimersByTime(2 * SECOND);
		expect(countAllowed(outage, 100)).toBe(5);
		expect(outage.getPauseMs()).toBe(14 * SECOND);
	});
});
