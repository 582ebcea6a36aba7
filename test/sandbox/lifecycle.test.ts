import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startSandbox } from '../../sandbox';
import {
	closeAll,
	createCustomer,
	createInvoice,
	getCustomer,
	getInvoice,
	receiver,
	sandboxWith,
} from './helpers';

afterEach(closeAll);

describe('data file', () => {
	let folder: string;
	let dataFile: string;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
		dataFile = join(folder, 'data.json');
	});

	afterEach(async () => {
		await closeAll();
		rmSync(folder, { recursive: true });
	});

	it('keeps customers and invoices across a restart', async () => {
		const publicUrl = 'http://sandbox.example';
		const first = await startSandbox({ dataFile, publicUrl });
		const customer = await createCustomer(first);
		const paid = await createInvoice(first, { customer_id: customer.id });
		const open = await createInvoice(first, { customer_id: customer.id });
		await first.pay(paid.id);
		const before = await getInvoice(first, paid.id);
		await first.close();
		expect(readdirSync(folder)).toEqual(['data.json']);

		const second = await sandboxWith({ dataFile, publicUrl });
		expect(await getInvoice(second, paid.id)).toEqual(before);
		expect(await getInvoice(second, open.id)).toMatchObject({ status: 'Invoice Created' });
		expect(await getCustomer(second, customer.id)).toMatchObject({ total_paid_count: 1 });
		const checkout = await fetch(second.url + new URL(open.payment_link).pathname);
		expect(checkout.url).toBe(`${second.url}/pay/${open.id}`);
		await expect(createCustomer(second)).rejects.toThrow();
		const next = await createInvoice(second);
		expect(next.fanbasis_checkout_session_id).toBe(open.fanbasis_checkout_session_id + 1);
	});

	it('keeps notifications across a restart, and says which were cut off', async () => {
		const hook = await receiver((nth, response) => {
			if (nth === 1) response.end('done');
		});
		const first = await startSandbox({ dataFile });
		for (const act of ['decline', 'pay'] as const) {
			const { id } = await createInvoice(first, { webhook_url: hook.url });
			void first[act](id);
			while (hook.received.length < (act === 'pay' ? 2 : 1)) await new Promise(setImmediate);
			while (act === 'decline' && !first.deliveries[0].status) await new Promise(setImmediate);
		}
		const before = structuredClone(first.deliveries);
		await first.close();
		expect(readdirSync(folder)).toEqual(['data.json']);

		const second = await sandboxWith({ dataFile });
		expect(second.deliveries).toEqual([
			before[0],
			{ ...before[1], error: 'The sandbox was closed or reset' },
		]);
		second.reset();
		await second.close();
		expect((await sandboxWith({ dataFile })).deliveries).toEqual([]);
	});

	it('reads a file of before notifications were kept', async () => {
		const first = await startSandbox({ dataFile });
		const { id } = await createInvoice(first);
		await first.close();
		const { deliveries: _none, ...older } = JSON.parse(readFileSync(dataFile, 'utf8')) as object & {
			deliveries: unknown;
		};
		writeFileSync(dataFile, JSON.stringify(older));
		expect((await sandboxWith({ dataFile })).books.invoices.has(id)).toBe(true);
	});

	it('saves while it runs', async () => {
		const sandbox = await sandboxWith({ dataFile });
		const { id } = await createInvoice(sandbox);
		const saved = () => readFileSync(dataFile, 'utf8').includes(id);
		while (!saved()) await new Promise((resolve) => setTimeout(resolve, 10));
		expect(saved()).toBe(true);
	});

	it.each(['not JSON', '[]', '{"customers":[]}', 'null'])(
		'refuses a file that holds %s',
		async (text) => {
			writeFileSync(dataFile, text);
			await expect(startSandbox({ dataFile })).rejects.toThrow('is not a data file of the sandbox');
			expect(readFileSync(dataFile, 'utf8')).toBe(text);
		},
	);

	it('says at the start when it cannot write', async () => {
		await expect(startSandbox({ dataFile: join(folder, 'no', 'x.json') })).rejects.toThrow(
			'ENOENT',
		);
	});
});

describe('closing', () => {
	it('ends connections that wait for an answer, and notifications on their way', async () => {
		const hook = await receiver(() => undefined);
		const sandbox = await startSandbox({ notificationRetries: 3 });
		const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
		sandbox.setLatency(60_000);
		const hanging = fetch(`${sandbox.url}/api/v2/invoice/${id}?api_key=sandbox-key`);
		const refused = expect(hanging).rejects.toThrow();
		while (sandbox.requests.length < 2) await new Promise(setImmediate);
		const paying = sandbox.pay(id);
		while (hook.received.length === 0) await new Promise(setImmediate);

		await sandbox.close();
		await refused;
		expect(await paying).toMatchObject([
			{ status: null, error: 'The sandbox was closed or reset' },
		]);
		await expect(fetch(sandbox.url)).rejects.toThrow();
	});
});

describe('links', () => {
	it('begin with the public URL where there is one', async () => {
		const sandbox = await sandboxWith({ publicUrl: 'http://sandbox.example:4010/' });
		const { id, payment_link: link } = await createInvoice(sandbox);
		expect(link).toMatch(/^http:\/\/sandbox\.example:4010\/agency-checkout\//);
		expect((await getInvoice(sandbox, id)).payment_link).toBe(
			`http://sandbox.example:4010/pay/${id}`,
		);
	});

	it('use an address that can be called when the sandbox listens everywhere', async () => {
		const sandbox = await sandboxWith({ host: '0.0.0.0' });
		expect(sandbox.url).toBe(`http://127.0.0.1:${sandbox.port}`);
	});
});

it('draws latencies from a range', async () => {
	const sandbox = await sandboxWith({ latencyMs: [30, 60] });
	const start = performance.now();
	await createInvoice(sandbox);
	expect(performance.now() - start).toBeGreaterThanOrEqual(29);
});

it('drops the oldest of very many records', async () => {
	const { appendCapped } = await import('../../sandbox/cappedList');
	const list: number[] = [];
	for (let i = 0; i < 1_000; i++) appendCapped(list, i, 100);
	expect(list.length).toBeGreaterThanOrEqual(90);
	expect(list.length).toBeLessThanOrEqual(100);
	expect(list.at(-1)).toBe(999);
	expect(list[0]).toBe(1_000 - list.length);
});
