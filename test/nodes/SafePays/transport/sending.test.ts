import type { ServerResponse } from 'node:http';

import { startSandbox } from '../../../../sandbox';
import { execute } from '../../../engine';
import { createInvoices, safePaysWorkflow } from '../../../engine/workflows';
import { closeAll, receiver } from '../../../sandbox/helpers';
import {
	API_KEY,
	asked,
	billed,
	bills,
	ids,
	UNKNOWN_ID,
	runCreates,
	useSandbox,
	words,
	createWorld,
} from '../../../support';

const sandbox = useSandbox();
afterEach(closeAll);
const CONTINUE = { onError: 'continueRegularOutput' as const };
const getInvoice = (options = {}) =>
	safePaysWorkflow({
		resource: 'invoice',
		operation: 'get',
		invoiceId: '={{ $json.id }}',
		options,
	});
const stored = () => sandbox.books.createInvoice(API_KEY, { email: 'a@example.com', amount: 1 }).id;

describe('how many requests are on their way', () => {
	it.each([
		[undefined, 10],
		[3, 3],
		[1, 1],
		[100, 100],
	])('with Parallel Requests %s: at most %i, and as many as that', async (maxConcurrency, most) => {
		// Long enough for that many to be sent in the meantime.
		sandbox.setLatency(most * 10 + 100);
		const options = maxConcurrency === undefined ? {} : { maxConcurrency };
		await runCreates(sandbox, bills(most === 1 ? 4 : most + 15), { options });
		expect(sandbox.peakInFlight).toBe(most);
	});
});

describe('the rate limit', () => {
	it.each([true, false])(
		'is waited out by the whole run, and nothing is lost or doubled (X-RateLimit headers: %s)',
		async (headers) => {
			sandbox.setRateLimit({ requests: 15, windowSeconds: 1, headers });
			const executed = await runCreates(sandbox, bills(40), { options: { maxConcurrency: 5 } });
			expect(ids(executed.items)).toHaveLength(40);
			expect(new Set(billed(sandbox)).size).toBe(40);
			expect(sandbox.books.invoices.size).toBe(40);
			const refused = sandbox.requests.filter(({ status }) => status === 429).length;
			// Where the answers tell what is left, nothing has to be refused but what a clock's rounding costs.
			expect(refused).toBeLessThanOrEqual(headers ? 2 : 10);
			expect(executed.hints.join()).toMatch(/waited \d+ seconds?/);
		},
	);

	it('is the account’s: executions at the same time share it and take turns', async () => {
		sandbox.setRateLimit({ requests: 40, windowSeconds: 2 });
		sandbox.setLatency(20);
		const runs = Array.from({ length: 20 }, async (_, run) => {
			const items = [0, 1, 2, 3].map((n) => ({ email: `payer${run}-${n}@example.com`, amount: 1 }));
			return await runCreates(sandbox, items);
		});
		const executed = await Promise.all(runs);
		expect(executed.flatMap(({ items }) => ids(items))).toHaveLength(80);
		expect(new Set(billed(sandbox)).size).toBe(80);
		expect(sandbox.peakInFlight).toBe(10);
		// Each run for itself had all of its requests refused, window after window.
		const refused = sandbox.requests.filter(({ status }) => status === 429).length;
		expect(refused).toBeLessThanOrEqual(12);
	});

	it('fails an item whose Rate Limit Wait is spent, names the limit, and sends nothing for it', async () => {
		sandbox.addFault({ kind: 'status', status: 429 });
		const executed = await runCreates(
			sandbox,
			bills(3),
			{ options: { rateLimitWait: 5, maxConcurrency: 1 } },
			CONTINUE,
		);
		for (const item of executed.items) {
			expect(item.error).toMatch(/rate limit/);
			expect(item.details).toMatchObject({ httpCode: '429' });
			expect(item.details).not.toHaveProperty('unconfirmed');
		}
		// The later items know by then, and do not ask.
		expect(asked(sandbox)).toHaveLength(1);
	});

	it('tells nothing of waiting where nothing was waited for', async () => {
		expect((await runCreates(sandbox, bills(1))).hints.join()).not.toMatch(/waited/);
	});
});

describe('a read', () => {
	it('is not asked again when SafePays has answered', async () => {
		const executed = await execute(createWorld(sandbox), getInvoice(), {
			items: [{ id: UNKNOWN_ID }],
		});
		expect(words(executed)).toMatch(/Invoice not found \(404\)[\s\S]*Check the invoice ID/);
		expect(words(executed)).not.toContain('Created in this run');
		expect(sandbox.requests).toHaveLength(1);
	});

	it('that fails after others names no invoice as created', async () => {
		const id = stored();
		const executed = await execute(createWorld(sandbox), getInvoice({ maxConcurrency: 1 }), {
			items: [{ id }, { id: UNKNOWN_ID }],
		});
		expect(executed.error?.message).toContain('[item 1]');
		expect(words(executed)).not.toMatch(/Created|undefined/);
	});
});

it.each([302, 307, 308])(
	'follows no redirect (%i), so that the key goes nowhere else',
	async (status) => {
		const elsewhere = await startSandbox({ apiKeys: [API_KEY] });
		try {
			sandbox.addFault({
				kind: 'redirect',
				status,
				location: `${elsewhere.url}/api/v2/invoice`,
			});
			const executed = await runCreates(sandbox, bills(1));
			expect(executed.error?.message).toContain(`status ${status}`);
			expect(elsewhere.requests).toEqual([]);
		} finally {
			await elsewhere.close();
		}
	},
);

describe('the API key', () => {
	const everywhere = (run: unknown) =>
		JSON.stringify(run, (_name, value: unknown) =>
			value instanceof Error
				? { ...value, message: value.message, stack: value.stack, cause: value.cause }
				: value,
		);

	it.each([
		['an error that repeats it', { kind: 'echoKey' }],
		['a server error that repeats it', { kind: 'echoKey', status: 500 }],
		['a success that repeats it', { kind: 'echoKey', status: 200 }],
		['a broken connection', { kind: 'resetAfter' }],
		['a proxy’s page', { kind: 'html' }],
	] as const)(
		'is in nothing that n8n saves or shows after %s',
		async (_name, fault) => {
			sandbox.addFault(fault);
			for (const settings of [{}, CONTINUE]) {
				for (const workflow of [createInvoices({}, settings), { ...getInvoice() }]) {
					const executed = await execute(createWorld(sandbox), workflow, {
						items: [{ ...bills(1)[0], id: UNKNOWN_ID }],
					});
					expect(executed.saved).not.toContain(API_KEY);
					expect(everywhere(executed.run)).not.toContain(API_KEY);
					expect(executed.saved).toMatch(/SafePays|\*\*\*/);
				}
			}
		},
		60_000,
	);

	/** What comes of a question that a proxy answers. */
	async function askProxy(answer: (response: ServerResponse) => void) {
		const { url } = await receiver((_nth, response) => answer(response));
		const credentials = { baseUrl: new URL(url).origin };
		return await execute(createWorld(sandbox, { credentials }), getInvoice(), {
			items: [{ id: UNKNOWN_ID }],
		});
	}

	it('is not begun in the title of a page that shows it too far behind to be shown whole', async () => {
		const title = `<title>Cannot GET /api/v2/invoice/${UNKNOWN_ID}?api_key=${API_KEY}</title>`;
		const { error } = await askProxy((response) =>
			response.writeHead(404, { 'content-type': 'text/html' }).end(title),
		);
		expect(error?.message).toContain('?api_key=***');
	});

	it('is not begun in a redirect whose address is too long to be shown whole', async () => {
		const executed = await askProxy((response) => {
			const { url = '' } = response.req;
			const padding = 'x'.repeat(292 - 'https://a.example.com'.length - url.indexOf(API_KEY));
			response.writeHead(301, { location: `https://a.example.com${padding}${url}` }).end();
		});
		expect(executed.error?.message).toContain('The Base URL redirects to https://a.example.com');
		expect(words(executed)).not.toContain(API_KEY.slice(0, 6));
	});

	it('is taken out of a record too, should SafePays ever repeat it there', async () => {
		const { id } = sandbox.books.createCustomer(API_KEY, {
			name: `Mr ${API_KEY}`,
			email: 'a@example.com',
		});
		const executed = await execute(
			createWorld(sandbox),
			safePaysWorkflow({ resource: 'customer', operation: 'get', customerId: id }),
		);
		expect(executed.items[0].name).toBe('Mr ***');
	});
});
