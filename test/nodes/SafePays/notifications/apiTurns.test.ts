import { ApiTurns } from '../../../../nodes/SafePays/notifications/apiTurns';

const inTurn = async <T>(deadline: number, run: () => Promise<T>) => await new ApiTurns().take(deadline, run);

/** Work that ends when it is told to. */
function work() {
	let end: (value: string) => void = () => {};
	let begun = false;
	const done = new Promise<string>((resolve) => (end = resolve));
	return {
		run: async () => {
			begun = true;
			return await done;
		},
		end: (value = 'done') => end(value),
		get begun() {
			return begun;
		},
	};
}

const soon = () => Date.now() + 5000;
const settle = async () => await new Promise((resolve) => setImmediate(resolve));

/** How many begin at once when nobody ends; all are ended afterwards. */
async function atOnce(count: number): Promise<number> {
	const works = Array.from({ length: count }, work);
	const ended = works.map(async ({ run }) => await inTurn(soon(), run));
	await settle();
	const { length } = works.filter(({ begun }) => begun);
	for (const { end } of works) end();
	await Promise.all(ended);
	return length;
}

describe('Turns at the API', () => {
	it('are a few at once, however many want one', async () => {
		const few = await atOnce(50);
		expect(few).toBeGreaterThan(1);
		expect(few).toBeLessThanOrEqual(10);
		expect(await atOnce(150)).toBe(few);
	});

	it('are given in the order of asking, and each gets its own result', async () => {
		const order: number[] = [];
		const results = await Promise.all(
			Array.from({ length: 30 }, async (_, nth) =>
				await inTurn(soon(), async () => {
					order.push(nth);
					await settle();
					return nth;
				}),
			),
		);
		expect(order).toEqual([...order].sort((a, b) => a - b));
		expect(results).toEqual(order);
	});

	it('are given on when work fails, and the failure reaches who asked', async () => {
		const few = await atOnce(50);
		const failing = Array.from({ length: 30 }, async () =>
			await inTurn(soon(), async () => await Promise.reject(new Error('It failed'))),
		);
		const results = await Promise.allSettled(failing);
		expect(results.every(({ status }) => status === 'rejected')).toBe(true);
		expect(await atOnce(50)).toBe(few);
	});

	it('that come too late are not begun, and free turns are not lost by that', async () => {
		const few = await atOnce(50);
		const holding = Array.from({ length: few }, work);
		const held = holding.map(async ({ run }) => await inTurn(soon(), run));
		const late = work();
		expect(await inTurn(Date.now() + 20, late.run)).toBeUndefined();
		for (const { end } of holding) end();
		await Promise.all(held);
		expect(late.begun).toBe(false);
		expect(await atOnce(50)).toBe(few);
	});

	it('are refused at once when too many wait already', async () => {
		const works = Array.from({ length: 1000 }, work);
		const outcomes: Array<string | undefined> = [];
		const all = works.map(async ({ run }) => outcomes.push(await inTurn(soon(), run)));
		await settle();
		expect(outcomes.length).toBeGreaterThan(500);
		expect(new Set(outcomes)).toEqual(new Set([undefined]));
		for (const { end } of works) end();
		await Promise.all(all);
		expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(works.filter(({ begun }) => begun).length);
	});
});

describe('A node whose notifications are forged', () => {
	/** @returns how many of so many turns were given; `missed`: the API confirms none of them */
	async function ask(turns: ApiTurns, times: number, missed: boolean): Promise<number> {
		let asked = 0;
		for (let time = 0; time < times; time++) {
			await turns.take(soon(), async () => {
				asked++;
				if (missed) turns.countMiss();
			});
		}
		return asked;
	}

	afterEach(() => jest.useRealTimers());

	it('asks no more than about half of what SafePays allows in a minute, and goes on in the next', async () => {
		jest.useFakeTimers({ now: 0, doNotFake: ['setImmediate', 'nextTick'] });
		jest.setSystemTime(10_000_000);
		const turns = new ApiTurns();
		expect(await ask(turns, 2000, true)).toBe(600);
		jest.setSystemTime(10_000_000 + 60_000);
		expect(await ask(turns, 10, false)).toBe(10);
	});

	it('is not held back by a few forgeries among many payments', async () => {
		const turns = new ApiTurns();
		await ask(turns, 100, true);
		expect(await ask(turns, 2000, false)).toBe(2000);
	});

	it('asks nothing while SafePays wants to be left alone, and says for how long', async () => {
		const turns = new ApiTurns();
		turns.pause(40);
		expect(await ask(turns, 3, false)).toBe(0);
		expect(turns.retryAfter()).toBeGreaterThan(38);
		expect(turns.retryAfter()).toBeLessThanOrEqual(40);
	});
});
