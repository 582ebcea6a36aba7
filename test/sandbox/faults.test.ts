import type { Fault, Sandbox } from '../../sandbox';
import { parseFault } from '../../sandbox/faults';
import { KEY, closeAll, createInvoice, getInvoice, post, receiver, sandboxWith } from './helpers';

let sandbox: Sandbox;

beforeEach(async () => {
	sandbox = await sandboxWith();
});

afterEach(closeAll);

const bill = { api_key: KEY, email: 'john@example.com', amount: 200 };

async function create(fault: Fault) {
	sandbox.addFault(fault);
	const response = await post(`${sandbox.url}/api/v2/invoice`, bill);
	const text = await response.text();
	return { status: response.status, type: response.headers.get('content-type'), text, response };
}

/** A create that can be given up. */
function startCreating() {
	const aborter = new AbortController();
	const request = fetch(`${sandbox.url}/api/v2/invoice`, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify(bill),
		signal: aborter.signal,
	});
	return { request, aborter };
}

describe('answers that are not the truth', () => {
	it.each([
		[{ kind: 'status' }, 500, { error: 'Internal Server Error' }],
		[{ kind: 'status', status: 502 }, 502, { error: 'Payment provider error (502)' }],
		[{ kind: 'status', status: 503, message: 'Closed' }, 503, { error: 'Closed' }],
		[{ kind: 'wrongShape' }, 201, { ok: true, data: [] }],
		[{ kind: 'echoKey' }, 400, { error: `Bad request: api_key=${KEY}` }],
		[{ kind: 'echoKey', status: 500, message: 'Oops' }, 500, { error: `Oops api_key=${KEY}` }],
	] as Array<[Fault, number, unknown]>)('come of the fault %j', async (fault, status, body) => {
		const answer = await create(fault);
		expect([answer.status, JSON.parse(answer.text)]).toEqual([status, body]);
		expect(answer.type).toContain('application/json');
		expect(sandbox.books.invoices.size).toBe(0);
	});

	it.each([
		[{ status: 429 }, null, 'Rate limit exceeded. Please retry after 60 seconds.'],
		[{ status: 429, retryAfter: 7 }, '7', 'Rate limit exceeded.'],
		[{ status: 429, message: 'Slow down' }, null, 'Slow down'],
		[{ status: 503, retryAfter: 1 }, '1', 'Service Unavailable'],
	])('ask for a pause by sentence or header alone: %j', async (fields, header, error) => {
		const { status, text, response } = await create({ kind: 'status', ...fields });
		expect(status).toBe(fields.status);
		expect(response.headers.get('retry-after')).toBe(header);
		expect(JSON.parse(text)).toEqual({ error });
	});

	it('are errors as plain text', async () => {
		const answer = await create({ kind: 'otherError', shape: 'text', status: 422 });
		expect(answer).toMatchObject({ status: 422, text: 'Unprocessable Entity' });
		expect(answer.type).toContain('text/plain');
	});
});

describe('the truth in another form', () => {
	it('is a status as it was before the last change, as if the API lagged behind', async () => {
		const hook = await receiver();
		const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
		sandbox.addFault({ kind: 'staleStatus' });
		expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Invoice Created' });
		await sandbox.decline(id);
		await sandbox.pay(id);
		expect(JSON.parse(hook.received[1].text)).toMatchObject({ invoice: { status: 'Paid' } });
		expect(await getInvoice(sandbox, id)).toMatchObject({
			status: 'Failed',
			provider: null,
			paid_on: null,
		});
		sandbox.clearFaults();
		expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Paid', provider: 'card' });
	});

	it('is a status that lags for so many milliseconds after the change', async () => {
		jest.useFakeTimers({ now: 0, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
		try {
			const { id } = await createInvoice(sandbox);
			sandbox.addFault({ kind: 'staleStatus', lagMs: 5_000 });
			sandbox.setStatus(id, 'Paid');
			jest.setSystemTime(4_999);
			expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Invoice Created' });
			jest.setSystemTime(5_000);
			expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Paid' });
		} finally {
			jest.useRealTimers();
		}
	});

	it.each([
		[undefined, 'PAID '],
		['Refunded', 'Refunded'],
	])('is a status in other letters, or another word: %s', async (message, status) => {
		const { id } = await createInvoice(sandbox);
		sandbox.setStatus(id, 'Paid');
		const truth = await getInvoice(sandbox, id);
		sandbox.addFault({ kind: 'otherStatus', message });
		expect(await getInvoice(sandbox, id)).toEqual({ ...truth, status });
	});

	it.each([
		[undefined, 'application/vnd.safepays+json'],
		['text/plain', 'text/plain'],
	])('comes under another content type: %s', async (contentType, type) => {
		const answer = await create({ kind: 'otherContentType', contentType });
		expect(answer).toMatchObject({ status: 201, type: expect.stringContaining(type) });
		expect(JSON.parse(answer.text)).toMatchObject({ invoice: { amount: 212 } });
	});

	it.each(['staleStatus', 'otherStatus', 'otherContentType', 'paidInvoicesObject'] as const)(
		'is none for an error, which %s leaves as it is',
		async (kind) => {
			sandbox.addFault({ kind });
			const response = await fetch(`${sandbox.url}/api/v2/invoice/1?api_key=${KEY}`);
			expect(response.status).toBe(404);
			expect(await response.json()).toEqual({ error: 'Invoice not found' });
		},
	);
});

it('answers slowly what has been processed at once', async () => {
	sandbox.addFault({ kind: 'slow', ms: 60_000 });
	const { request, aborter } = startCreating();
	while (sandbox.books.invoices.size === 0) await new Promise(setImmediate);
	aborter.abort();
	await expect(request).rejects.toThrow();

	sandbox.clearFaults();
	sandbox.addFault({ kind: 'slow', ms: 50 });
	const start = performance.now();
	await createInvoice(sandbox);
	expect(performance.now() - start).toBeGreaterThanOrEqual(49);
});

it.each([
	[undefined, 0],
	[true, 1],
])('never answers, processed or not: %s', async (afterProcessing, count) => {
	sandbox.addFault({ kind: 'hang', afterProcessing });
	const { request, aborter } = startCreating();
	while (!sandbox.requests[0]?.body) await new Promise(setImmediate);
	await new Promise(setImmediate);
	expect(sandbox.requests).toMatchObject([{ status: null }]);
	aborter.abort();
	await expect(request).rejects.toThrow();
	expect(sandbox.books.invoices.size).toBe(count);
});

describe('which requests a fault hits', () => {
	const get = async (path: string) =>
		(await fetch(`${sandbox.url}/api/v2/${path}/1?api_key=${KEY}`)).status;

	it.each([
		[{ method: 'get' }, [500, 500, 201]],
		[{ method: 'POST' }, [404, 404, 500]],
		[{ path: '/api/v2/customer' }, [500, 404, 201]],
		[{ path: '^/api/v2/(invoice|order)$' }, [404, 404, 500]],
		[{ path: /INVOICE/gi }, [404, 500, 500]],
		[{ method: 'GET', path: '/api/v2/invoice' }, [404, 500, 201]],
	])('are those of %j', async (on, statuses) => {
		sandbox.addFault({ kind: 'status', on });
		const seen = [await get('customer'), await get('invoice')];
		seen.push((await post(`${sandbox.url}/api/v2/invoice`, bill)).status);
		expect(seen).toEqual(statuses);
	});

	it('are so many, then those of the next rule', async () => {
		sandbox.addFault({ kind: 'status', status: 502, times: 2 });
		sandbox.addFault({ kind: 'status', status: 503, times: 1 });
		const seen = [];
		for (let i = 0; i < 4; i++) seen.push(await get('invoice'));
		expect(seen).toEqual([502, 502, 503, 404]);
	});

	it('are those of a time, and none later', async () => {
		jest.useFakeTimers({ now: 0, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
		try {
			sandbox.addFault({ kind: 'status', status: 503, forMs: 30_000 });
			jest.setSystemTime(29_999);
			expect(await get('invoice')).toBe(503);
			jest.setSystemTime(30_000);
			expect(await get('invoice')).toBe(404);
			const state = await fetch(`${sandbox.url}/sandbox/state`);
			expect(await state.json()).toMatchObject({ faults: [] });
		} finally {
			jest.useRealTimers();
		}
	});

	it('are a share of them, the same ones for the same seed', async () => {
		const run = async (seed: number) => {
			const faulty = await sandboxWith({ seed, faults: [{ kind: 'status', probability: 0.5 }] });
			const seen = [];
			for (let i = 0; i < 40; i++) {
				const response = await fetch(`${faulty.url}/api/v2/invoice/1?api_key=${KEY}`);
				seen.push(response.status);
			}
			return seen;
		};
		const first = await run(7);
		expect(await run(7)).toEqual(first);
		expect(await run(8)).not.toEqual(first);
		const hit = first.filter((status) => status === 500).length;
		expect(hit).toBeGreaterThan(8);
		expect(hit).toBeLessThan(32);
	});

	it("are counted without a change to the caller's rule", async () => {
		const fault: Fault = { kind: 'status', times: 1 };
		sandbox.addFault(fault);
		await get('invoice');
		expect(fault.times).toBe(1);
	});
});

describe('notifications that go wrong', () => {
	it.each([
		['lostNotification', 0],
		['duplicateNotification', 2],
	] as const)('are sent as %s says', async (kind, count) => {
		const hook = await receiver();
		sandbox.addFault({ kind, times: 1 });
		const lossy = await createInvoice(sandbox, { webhook_url: hook.url });
		expect(await sandbox.pay(lossy.id)).toHaveLength(count);
		expect(hook.received).toHaveLength(count);
		const healthy = await createInvoice(sandbox, { webhook_url: hook.url });
		await sandbox.pay(healthy.id);
		expect(hook.received).toHaveLength(count + 1);
	});

	it('are sent late', async () => {
		const hook = await receiver();
		sandbox.addFault({ kind: 'lateNotification', ms: 80, on: { path: '/webhook' } });
		const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
		const start = performance.now();
		await sandbox.pay(id);
		expect(performance.now() - start).toBeGreaterThanOrEqual(79);
		expect(hook.received).toHaveLength(1);
	});
});

describe('notifications in another form', () => {
	async function sent(fault: Fault) {
		const hook = await receiver();
		sandbox.addFault(fault);
		const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
		await sandbox.pay(id);
		const [{ headers, text }] = hook.received;
		return { id, type: headers['content-type'], body: JSON.parse(text) as unknown };
	}

	it('come under another content type', async () => {
		const { id, type, body } = await sent({ kind: 'otherNotification' });
		expect(type).toBe('application/vnd.safepays+json');
		expect(body).toMatchObject({ invoice: { id, status: 'Paid' } });
	});

	it.each([
		['event', (id: string) => ({ event: 'payment_success', invoice_id: id, status: 'Paid' })],
		['transaction', (id: string) => ({ transaction_id: id, status: 'Paid' })],
	] as const)('come in an envelope with an ID of its own: %s', async (format, expected) => {
		const { id, type, body } = await sent({ kind: 'otherNotification', format });
		expect(type).toBe('application/json');
		expect(body).toMatchObject({ ...expected(id), id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
		expect(body).not.toMatchObject({ id });
	});

	it('come in another format and under another content type', async () => {
		const fault = {
			kind: 'otherNotification',
			format: 'legacy',
			contentType: 'text/json',
		} as const;
		expect(await sent(fault)).toMatchObject({
			type: 'text/json',
			body: { event: 'payment_success' },
		});
	});
});

describe('faults as text', () => {
	it('take every field, and know a bare status', () => {
		expect(parseFault({ status: '502', path: '/api/v2/invoice', times: '3' })).toEqual({
			kind: 'status',
			status: 502,
			times: 3,
			on: { path: '/api/v2/invoice' },
		});
		expect(
			parseFault({
				kind: 'html',
				on: { method: 'POST', path: '^/api' },
				status: '',
				ms: 5,
				probability: '0.25',
				afterProcessing: 'true',
				message: 'Oops',
				location: '/x',
				headers: { A: 'b' },
				contentType: 'text/x',
				shape: 'list',
				format: 'event',
				forMs: '9',
				lagMs: 8,
				retryAfter: '0',
			}),
		).toEqual({
			kind: 'html',
			on: { method: 'POST', path: /^\/api/ },
			ms: 5,
			probability: 0.25,
			afterProcessing: true,
			message: 'Oops',
			location: '/x',
			headers: { A: 'b' },
			contentType: 'text/x',
			shape: 'list',
			format: 'event',
			forMs: 9,
			lagMs: 8,
			retryAfter: 0,
		});
	});

	it.each([
		[null, 'A fault must be an object'],
		[{}, 'Fault kind must be one of status,'],
		[{ kind: 'explode' }, 'Fault kind must be one of status,'],
		[{ kind: 'slow', delay: 5 }, 'Unknown fault field "delay"'],
		[{ status: 'abc' }, 'Fault field "status" must be a number from 200 to 599'],
		[{ status: 99 }, 'Fault field "status" must be a number from 200 to 599'],
		[{ kind: 'slow', ms: -1 }, 'Fault field "ms" must be a number from 0 to'],
		[{ kind: 'slow', times: 0 }, 'Fault field "times" must be a number from 1'],
		[{ kind: 'slow', probability: 2 }, 'Fault field "probability" must be a number from 0 to 1'],
		[{ kind: 'otherError', shape: 'xml' }, 'Fault field "shape" must be one of nested, message,'],
		[{ kind: 'otherNotification', format: 'x' }, 'Fault field "format" must be one of current,'],
		[{ kind: 'status', forMs: 0 }, 'Fault field "forMs" must be a number from 1 to'],
		[{ kind: 'slow', path: '^(' }, 'Fault field "path" is not a regular expression: ^('],
	])('refuse %j', (input, message) => {
		expect(() => parseFault(input)).toThrow(message);
	});
});
