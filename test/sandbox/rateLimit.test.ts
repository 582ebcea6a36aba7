import type { RateLimit } from '../../sandbox';
import { closeAll, createInvoice, sandboxWith, stoppedClock } from './helpers';

afterEach(closeAll);

async function limited(rateLimit?: RateLimit | RateLimit[]) {
	const clock = stoppedClock('2026-03-17T10:30:00.400Z');
	const sandbox = await sandboxWith({ apiKeys: ['a', 'b'], rateLimit, now: clock.now });
	const { id } = await createInvoice(sandbox, { api_key: 'a' });
	sandbox.setRateLimit(rateLimit);
	const ask = async (key = 'a') => {
		const response = await fetch(`${sandbox.url}/api/v2/invoice/${id}?api_key=${key}`);
		const { error } = (await response.json()) as { error?: string };
		return { status: response.status, error, headers: response.headers };
	};
	return { sandbox, clock, ask };
}

it('has no limit unless it is given one', async () => {
	const { ask } = await limited();
	const answers = await Promise.all(Array.from({ length: 50 }, async () => await ask()));
	expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
	expect(answers[0].headers.has('x-ratelimit-limit')).toBe(false);
});

it('refuses what is too much, for each key on its own, until the window ends', async () => {
	const { clock, ask } = await limited({ requests: 2, windowSeconds: 60 });
	expect((await ask()).status).toBe(200);
	clock.advanceSeconds(12.5);
	expect((await ask()).status).toBe(200);

	const refused = await ask();
	expect(refused.status).toBe(429);
	expect(refused.error).toBe('Rate limit exceeded. Please retry after 48 seconds.');
	expect(refused.headers.has('retry-after')).toBe(false);
	expect(refused.headers.has('x-ratelimit-remaining')).toBe(false);
	expect((await ask('b')).status).toBe(404);

	clock.advanceSeconds(47);
	expect((await ask()).error).toBe('Rate limit exceeded. Please retry after 1 seconds.');
	clock.advanceSeconds(0.5);
	expect((await ask()).status).toBe(200);
});

it('tells how much is left in headers, on request', async () => {
	const { clock, ask } = await limited({ requests: 2, windowSeconds: 10, headers: true });
	const reset = String(Math.ceil(clock.now().getTime() / 1_000 + 10));
	const seen = [];
	for (let i = 0; i < 3; i++) {
		const { status, headers } = await ask();
		seen.push([
			status,
			headers.get('x-ratelimit-limit'),
			headers.get('x-ratelimit-remaining'),
			headers.get('x-ratelimit-reset'),
			headers.get('retry-after'),
		]);
	}
	expect(seen).toEqual([
		[200, '2', '1', reset, null],
		[200, '2', '0', reset, null],
		[429, '2', '0', reset, '10'],
	]);
});

it('counts refused requests too, against every window', async () => {
	const { clock, ask } = await limited([
		{ requests: 1, windowSeconds: 10 },
		{ requests: 3, windowSeconds: 100 },
	]);
	for (const expected of [200, 429, 429]) expect((await ask()).status).toBe(expected);
	clock.advanceSeconds(10);
	expect((await ask()).error).toBe('Rate limit exceeded. Please retry after 90 seconds.');
});

it('writes nothing for a refused request', async () => {
	const { sandbox } = await limited({ requests: 1, windowSeconds: 60 });
	await createInvoice(sandbox, { api_key: 'a' });
	const count = sandbox.books.invoices.size;
	await expect(createInvoice(sandbox, { api_key: 'a' })).rejects.toThrow();
	expect(sandbox.requests.at(-1)?.status).toBe(429);
	expect(sandbox.books.invoices.size).toBe(count);
});
