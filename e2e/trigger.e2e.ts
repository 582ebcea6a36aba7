import { randomUUID } from 'node:crypto';

import { prepared } from '../test/support/prepared';
import { getItems } from '../tools/harness/client';
import { listen } from './workflows';
import { getWorld } from './world';

const world = prepared(getWorld);
beforeEach(async () => await world.sandbox.reset());

const createInvoice = async (fields: object = {}) =>
	(await world.sandbox.createInvoice(world.apiKey, fields)).id;

const listening = async (parameters: Record<string, unknown> = {}) =>
	await listen(world, { parameters });

it('starts the workflow when SafePays says that an invoice is paid', async () => {
	const { client, sandbox } = world;
	const { id, url } = await listening();
	const invoiceId = await createInvoice({ webhook_url: url });
	await sandbox.pay(invoiceId);
	const [execution] = await client.waitForExecutions(id, 1);
	expect(getItems(execution, 'After')).toMatchObject([
		{
			event: 'paid',
			invoice: { id: invoiceId, status: 'Paid', amount: 212 },
		},
	]);
	const { deliveries } = await sandbox.state();
	expect(deliveries).toMatchObject([{ status: 200 }]);
});

describe('answers', () => {
	it('200 once, and 200 duplicate for the same invoice and status again', async () => {
		const { client, sandbox } = world;
		const { id, post, executions } = await listening();
		const invoiceId = await createInvoice();
		await sandbox.pay(invoiceId);
		expect(await post({ invoice: { id: invoiceId, status: 'Paid' } })).toMatchObject({
			status: 200,
			body: { received: true },
		});
		expect(await post({ id: invoiceId })).toMatchObject({
			status: 200,
			body: { received: true, duplicate: true },
		});
		await client.waitForExecutions(id, 1);
		expect(await executions()).toHaveLength(1);
	});

	it('200 duplicate to all but one of a hundred copies of the same moment', async () => {
		const { client, sandbox } = world;
		const { id, post, executions } = await listening();
		const invoiceId = await createInvoice();
		await sandbox.pay(invoiceId);
		const answers = await Promise.all(
			Array.from(
				{ length: 100 },
				async () => await post({ invoice: { id: invoiceId, status: 'Paid' } }),
			),
		);
		expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
		expect(answers.filter(({ body }) => !(body as { duplicate?: boolean }).duplicate)).toHaveLength(
			1,
		);
		await client.waitForExecutions(id, 1);
		expect(await executions()).toHaveLength(1);
	});

	it('200 ignored to what is not a chosen event', async () => {
		const { post, executions } = await listening();
		const invoiceId = await createInvoice();
		await world.sandbox.decline(invoiceId);
		expect(await post({ invoice_id: invoiceId })).toMatchObject({
			status: 200,
			body: { received: true, ignored: 'Failed' },
		});
		expect(await executions()).toHaveLength(0);
	});

	it('400 without an id that is a UUID', async () => {
		const { post, executions } = await listening();
		expect(await post({ invoice: { id: '../customer' } })).toEqual({
			status: 400,
			body: { error: 'No invoice id that is a UUID in the body' },
		});
		expect(await executions()).toHaveLength(0);
	});

	it('404 to an invoice that the account does not have', async () => {
		const { post, executions } = await listening();
		expect(await post({ invoice: { id: randomUUID(), status: 'Paid' } })).toEqual({
			status: 404,
			body: { error: 'No such invoice' },
		});
		expect(await executions()).toHaveLength(0);
	});

	it('409 to a notification that says nothing of an invoice to which nothing has happened', async () => {
		const { post, executions } = await listening();
		const invoiceId = await createInvoice();
		expect(await post({ invoice: { id: invoiceId } })).toEqual({
			status: 409,
			body: { error: 'Nothing has happened to this invoice yet' },
		});
		expect(await executions()).toHaveLength(0);
	});

	it('200 to JSON of any content type, and of none', async () => {
		const { url } = await listening();
		for (const type of [
			'application/vnd.safepays+json',
			'text/plain; charset=utf-8',
			'application/octet-stream',
			'application/x-www-form-urlencoded',
			undefined,
		]) {
			const invoiceId = await createInvoice();
			await world.sandbox.pay(invoiceId);
			const body = Buffer.from(JSON.stringify({ invoice: { id: invoiceId } }));
			const headers = type ? { 'content-type': type } : undefined;
			const response = await fetch(url, { method: 'POST', headers, body });
			expect(await response.json()).toEqual({ received: true });
		}
	});

	it('503 instead of pending where the settings would hand on what is not confirmed', async () => {
		const { sandbox } = world;
		const invoiceId = await createInvoice();
		await sandbox.pay(invoiceId);
		const { url, executions } = await listen(world, { settings: { alwaysOutputData: true } });
		await sandbox.addFault({ kind: 'status', status: 502, on: { method: 'GET' } });
		const response = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ id: invoiceId }),
		});
		expect(response.status).toBe(503);
		expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
		expect(await executions()).toHaveLength(0);
	});
});

it('passes on a failed payment and then the paid one as two events', async () => {
	const { client, sandbox } = world;
	const { id, url } = await listening({ events: ['paid', 'failed'] });
	const invoiceId = await createInvoice({ webhook_url: url });
	await sandbox.decline(invoiceId);
	await sandbox.pay(invoiceId);
	const executions = await client.waitForExecutions(id, 2);
	expect(executions.map((execution) => getItems(execution, 'After')[0].event)).toEqual([
		'failed',
		'paid',
	]);
});
