import { once } from 'node:events';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import type { IExecuteFunctions } from 'n8n-workflow';

import { sendOnce } from '../../../../nodes/SafePays/transport/sendOnce';
import type { Executed } from '../../../engine';
import { execute } from '../../../engine';
import { createInvoices, safePaysWorkflow } from '../../../engine/workflows';
import { API_KEY, bills, ids, useSandbox, words, createWorld } from '../../../support';

const sandbox = useSandbox();

/** Creates an invoice with a unique key, which must not be burnt by what never happened. */
async function create(
	world: ReturnType<typeof createWorld>,
	options: Record<string, unknown> = {},
): Promise<Executed> {
	return await execute(
		world,
		createInvoices({ uniqueKey: 'order-1', ...options } as Parameters<typeof createInvoices>[0]),
		{ items: bills(1) },
	);
}

/** Ends each connection as soon as it is open, or as soon as something came in. */
async function startClosing(when: 'connection' | 'data'): Promise<Server> {
	const server = createServer((socket) => {
		if (when === 'connection') socket.end();
		else socket.once('data', () => socket.destroy());
		socket.on('error', () => undefined);
	});
	await once(server.listen(0, '127.0.0.1'), 'listening');
	return server;
}

describe('a connection that ends before its TLS handshake is done', () => {
	it('never brought a request: https:// to an http port', async () => {
		const { url } = sandbox;
		const world = createWorld(sandbox, { mode: 'trigger' });
		world.credentials.baseUrl = url.replace('http:', 'https:');
		const executed = await create(world);
		expect(words(executed)).toMatch(/cannot be reached \(no secure connection\)/);
		expect(words(executed)).toMatch(/Nothing was sent/);
		world.credentials.baseUrl = url;
		expect((await create(world)).items).toHaveLength(1);
	});

	it.each(['connection', 'data'] as const)(
		'never brought a request: the server hangs up at the %s',
		async (when) => {
			const server = await startClosing(when);
			const baseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
			const executed = await create(createWorld(sandbox, { credentials: { baseUrl } }));
			server.close();
			expect(words(executed)).toMatch(/cannot be reached \(no secure connection\)/);
			expect(words(executed)).not.toMatch(/may have been created/);
		},
	);

	it('is told from one that ends later: that request may have been read', async () => {
		const server = await startClosing('data');
		const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		const executed = await create(createWorld(sandbox, { credentials: { baseUrl } }));
		server.close();
		expect(words(executed)).toMatch(/may have been created anyway/);
	});
});

/** Makes the API answer for one record with another one, as a cache that mixes addresses up would. */
function mixUp<T>(records: Map<string, T>, [id, otherId]: unknown[]): void {
	records.set(id as string, records.get(otherId as string) as T);
}

describe('an answer about another record than the one asked for', () => {
	const getRecord = (resource: string, operation: string, id: unknown) =>
		safePaysWorkflow({ resource, operation, [`${resource}Id`]: id as string });

	it.each(['get', 'waitForPayment'])('is refused: invoice, %s', async (operation) => {
		const world = createWorld(sandbox);
		const created = ids((await execute(world, createInvoices(), { items: bills(2) })).items);
		mixUp(sandbox.books.invoices, created);
		const executed = await execute(world, getRecord('invoice', operation, created[0]));
		expect(executed.items).toEqual([]);
		expect(words(executed)).toBe(
			'The answer is about another invoice than the one asked for (status 200)\nCheck the Base URL in the SafePays credential, and any proxy or firewall between n8n and SafePays.',
		);
	});

	it('is refused: customer, get', async () => {
		const world = createWorld(sandbox);
		const [email, name] = ['={{ $json.email }}', 'Nathan Smith'];
		const json = safePaysWorkflow({ resource: 'customer', operation: 'create', name, email });
		const created = ids((await execute(world, json, { items: bills(2) })).items);
		mixUp(sandbox.books.customers, created);
		const executed = await execute(world, getRecord('customer', 'get', created[0]));
		expect(executed.items).toEqual([]);
		expect(words(executed)).toMatch(/^The answer is about another customer than the one asked for/);
	});

	it('is refused: the invoice of a unique key', async () => {
		const world = createWorld(sandbox, { mode: 'trigger' });
		const [first] = (await create(world)).items;
		const [second] = (await create(world, { uniqueKey: 'order-2' })).items;
		mixUp(sandbox.books.invoices, ids([first, second]));
		const executed = await create(world);
		expect(executed.items).toEqual([]);
		expect(words(executed)).toMatch(/^The answer is about another invoice than the one asked for/);
	});

	it('is believed where only the letters of the ID are other ones', async () => {
		const world = createWorld(sandbox);
		const [{ id }] = (await create(world)).items;
		const invoice = sandbox.books.invoices.get(id as string);
		Object.assign(invoice ?? {}, { id: String(id).toUpperCase() });
		const executed = await execute(world, getRecord('invoice', 'get', id));
		expect(ids(executed.items)).toEqual([String(id).toUpperCase()]);
	});
});

describe('a host that cannot be reached', () => {
	it.each([
		['connect EHOSTUNREACH 10.0.0.1:443', 'unreachable'],
		['read EHOSTUNREACH', 'interrupted'],
		['write ENETUNREACH', 'interrupted'],
	])('is told from a connection that broke: "%s" is %s', async (message, failure) => {
		const code = message.split(' ')[1];
		const httpRequestWithAuthentication = jest
			.fn()
			.mockRejectedValue(Object.assign(new Error(message), { code }));
		const context = { helpers: { httpRequestWithAuthentication } } as unknown as IExecuteFunctions;
		const [record, summary] = ['invoice' as const, ''];
		const request = { method: 'POST' as const, path: '/api/v2/invoice', record, summary };
		expect(await sendOnce(context, request, 1)).toEqual({ failure, code });
	});
});

describe('a Base URL', () => {
	it.each(['app.safepays.com', 'localhost:4010', '//app.safepays.com', 'https://'])(
		'that is no complete address says so: %s',
		async (baseUrl) => {
			const executed = await create(createWorld(sandbox, { credentials: { baseUrl } }));
			expect(words(executed)).toMatch(
				/The Base URL in the SafePays credential is not a complete address\n.*begins with https:\/\//,
			);
			expect(sandbox.requests).toEqual([]);
		},
	);

	it.each([301, 302, 307, 308])(
		'that redirects (%i) is what to check, before anything is sent again',
		async (status) => {
			sandbox.addFault({ kind: 'redirect', status, location: 'https://www.example.com/api' });
			const executed = await create(createWorld(sandbox));
			expect(words(executed)).toMatch(
				/The Base URL redirects to https:\/\/www\.example\.com\/api \(status \d+\)[^]*\n(.*)Check the Base URL in the SafePays credential[^]*Look in SafePays for an invoice/,
			);
		},
	);
});

describe('a refusal in another shape than SafePays’ {"error": "…"}', () => {
	it.each(['nested', 'message', 'list', 'fields'] as const)(
		'is shown in its own words: %s',
		async (shape) => {
			sandbox.addFault({
				kind: 'otherError',
				shape,
				status: 422,
				message: 'Blocked by policy',
			});
			const executed = await create(createWorld(sandbox));
			expect(executed.error?.message).toMatch(
				/^The request was refused: .*Blocked by policy.* \(422\)$/,
			);
		},
	);

	it('is cut to a sane length, and shown without the key', async () => {
		const message = `api_key=${API_KEY} ${'x'.repeat(2000)}`;
		sandbox.addFault({ kind: 'otherError', shape: 'message', status: 422, message });
		const { error, saved } = await create(createWorld(sandbox));
		expect(error?.message.length).toBeLessThan(400);
		expect(error?.message).toContain('api_key=***');
		expect(saved).not.toContain(API_KEY);
	});

	it('frees the unique key, since a 4xx has written nothing', async () => {
		sandbox.addFault({ kind: 'otherError', shape: 'list', status: 422, times: 1 });
		const world = createWorld(sandbox, { mode: 'trigger' });
		expect((await create(world)).error).toBeDefined();
		expect(ids((await create(world)).items)).toEqual([...sandbox.books.invoices.keys()]);
	});
});
