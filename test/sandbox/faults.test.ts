import type { Fault, Sandbox } from '../../sandbox';
import { parseFault } from '../../sandbox/faults';
import { KEY, closeAll, createInvoice, post, receiver, sandboxWith } from './helpers';

let sandbox: Sandbox;

beforeEach(async () => {
	sandbox = await sandboxWith();
});

afterEach(closeAll);

const bill = { api_key: KEY, email: 'john@example.com', amount: 200 };

async function create(fault: Fault, to = sandbox) {
	to.addFault(fault);
	const response = await post(`${to.url}/api/v2/invoice`, bill);
	const text = await response.text();
	return { status: response.status, type: response.headers.get('content-type'), text, response };
}

/** The code of the error that a request ends with when its connection is reset. */
async function failure(request: Promise<unknown>): Promise<string> {
	const error = await request.then(
		() => undefined,
		(reason: Error & { cause?: { code?: string } }) => reason,
	);
	return error?.cause?.code ?? 'no failure';
}

describe('answers that are not the truth', () => {
	it.each([
		[{ kind: 'status' }, 500, { error: 'Internal Server Error' }],
		[{ kind: 'status', status: 502 }, 502, { error: 'Payment provider error (502)' }],
		[{ kind: 'status', status: 503, message: 'Closed' }, 503, { error: 'Closed' }],
		[{ kind: 'wrongShape' }, 201, { ok: true, data: [] }],
		[{ kind: 'echoKey' }, 400, { error: `Bad request: api_key=${KEY}` }],
		[{ kind: 'echoKey', status: 500, message: 'Oops' }, 500, { error: `Oops api_key=${KEY}` }],
	] as Array<[Fault, number, unknown]>)('%j', async (fault, status, body) => {
		const answer = await create(fault);
		expect([answer.status, JSON.parse(answer.text)]).toEqual([status, body]);
		expect(answer.type).toContain('application/json');
		expect(sandbox.books.invoices.size).toBe(0);
	});

	it.each([
		[{ kind: 'html' }, 502, '502 Bad Gateway'],
		[{ kind: 'html', status: 200 }, 200, '200 OK'],
	] as Array<[Fault, number, string]>)('a proxy page: %j', async (fault, status, title) => {
		const answer = await create(fault);
		expect(answer.status).toBe(status);
		expect(answer.type).toContain('text/html');
		expect(answer.text).toContain(`<h1>${title}</h1>`);
	});

	it('an empty body', async () => {
		expect(await create({ kind: 'emptyBody' })).toMatchObject({ status: 201, text: '' });
		sandbox.clearFaults();
		expect(await create({ kind: 'emptyBody', status: 504 })).toMatchObject({ status: 504, text: '' });
	});

	it('broken JSON', async () => {
		const { status, text } = await create({ kind: 'brokenJson' });
		expect(status).toBe(201);
		expect(text.startsWith('{"status"')).toBe(true);
		expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
	});

	it('a redirect', async () => {
		const home = await create({ kind: 'redirect', times: 1 });
		expect([home.status, home.response.headers.get('location')]).toEqual([302, `${sandbox.url}/`]);
		const away = await create({ kind: 'redirect', status: 307, location: 'http://other.example/' });
		expect(away.status).toBe(307);
		expect(away.response.headers.get('location')).toBe('http://other.example/');
	});

	it('headers of its own', async () => {
		const { response } = await create({ kind: 'status', status: 503, headers: { 'Retry-After': '7' } });
		expect(response.headers.get('retry-after')).toBe('7');
	});

	it.each(['status', 'html', 'emptyBody', 'brokenJson', 'wrongShape', 'redirect', 'echoKey'] as const)(
		'%s after the write has happened all the same',
		async (kind) => {
			const { text } = await create({ kind, afterProcessing: true });
			expect(sandbox.books.invoices.size).toBe(1);
			expect(() => (JSON.parse(text) as { invoice: { id: string } }).invoice.id.length).toThrow();
		},
	);
});

describe('connections that end', () => {
	it('before anything is processed', async () => {
		expect(await failure(create({ kind: 'resetBefore' }))).toBe('ECONNRESET');
		expect(sandbox.books.invoices.size).toBe(0);
		expect(sandbox.requests).toMatchObject([{ method: 'POST', status: null }]);
	});

	it('after the write has happened', async () => {
		expect(await failure(create({ kind: 'resetAfter' }))).toBe('ECONNRESET');
		expect(sandbox.books.invoices.size).toBe(1);
		expect(sandbox.requests).toMatchObject([{ method: 'POST', status: null }]);
	});
});

it('answers slowly what has been processed at once', async () => {
	sandbox.addFault({ kind: 'slow', ms: 60_000 });
	const aborter = new AbortController();
	const request = fetch(`${sandbox.url}/api/v2/invoice`, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify(bill),
		signal: aborter.signal,
	});
	while (sandbox.books.invoices.size === 0) await new Promise(setImmediate);
	aborter.abort();
	await expect(request).rejects.toThrow();

	sandbox.clearFaults();
	sandbox.addFault({ kind: 'slow', ms: 50 });
	const start = performance.now();
	await createInvoice(sandbox);
	expect(performance.now() - start).toBeGreaterThanOrEqual(49);
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
	])('%j', async (on, statuses) => {
		sandbox.addFault({ kind: 'status', on });
		const seen = [await get('customer'), await get('invoice')];
		seen.push((await post(`${sandbox.url}/api/v2/invoice`, bill)).status);
		expect(seen).toEqual(statuses);
	});

	it('so many times, then the next rule', async () => {
		sandbox.addFault({ kind: 'status', status: 502, times: 2 });
		sandbox.addFault({ kind: 'status', status: 503, times: 1 });
		const seen = [];
		for (let i = 0; i < 4; i++) seen.push(await get('invoice'));
		expect(seen).toEqual([502, 502, 503, 404]);
	});

	it('a share of them, the same ones for the same seed', async () => {
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

	it("leaves the caller's rule as it was", async () => {
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
	] as const)('%s', async (kind, count) => {
		const hook = await receiver();
		sandbox.addFault({ kind, times: 1 });
		const lossy = await createInvoice(sandbox, { webhook_url: hook.url });
		expect(await sandbox.pay(lossy.id)).toHaveLength(count);
		expect(hook.received).toHaveLength(count);
		const healthy = await createInvoice(sandbox, { webhook_url: hook.url });
		await sandbox.pay(healthy.id);
		expect(hook.received).toHaveLength(count + 1);
	});

	it('lateNotification', async () => {
		const hook = await receiver();
		sandbox.addFault({ kind: 'lateNotification', ms: 80, on: { path: '/webhook' } });
		const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
		const start = performance.now();
		await sandbox.pay(id);
		expect(performance.now() - start).toBeGreaterThanOrEqual(79);
		expect(hook.received).toHaveLength(1);
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
		[{ kind: 'slow', path: '^(' }, 'Fault field "path" is not a regular expression: ^('],
	])('refuse %j', (input, message) => {
		expect(() => parseFault(input)).toThrow(message);
	});
});
