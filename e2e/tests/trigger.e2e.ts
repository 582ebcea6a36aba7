import { randomUUID } from 'node:crypto';

import { itemsOf } from '../harness/client';
import { noOp, safePaysTrigger, triggerPath, workflow } from '../harness/workflow';
import { getWorld } from './world';
import type { World } from './world';

let world: World;
beforeAll(async () => {
	world = await getWorld();
});
beforeEach(async () => await world.sandbox.reset());

async function createInvoice(fields: object = {}): Promise<string> {
	const response = await fetch(`${world.sandboxUrl}/api/v2/invoice`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ api_key: world.apiKey, email: 'john@example.com', amount: 200, ...fields }),
	});
	const { invoice } = (await response.json()) as { invoice: { id: string } };
	return invoice.id;
}

/** An active workflow of trigger and one node behind it. */
async function listening(parameters: Record<string, unknown> = {}, credential = world.credentialId) {
	const trigger = safePaysTrigger(parameters, { credential });
	const { client, webhookUrl } = world;
	const stored = await client.createWorkflow(workflow([trigger, noOp('After')]));
	await client.activate(stored);
	const url = `${webhookUrl}/webhook/${triggerPath(trigger)}`;
	const post = async (body: unknown) => {
		const response = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		return { status: response.status, body: await response.json(), retryAfter: response.headers.get('retry-after') };
	};
	const executions = async () => await client.listExecutions({ workflowId: stored.id });
	return { id: stored.id, url, post, executions };
}

it('starts the workflow when SafePays says that an invoice is paid', async () => {
	const { client, sandbox } = world;
	const { id, url } = await listening();
	const invoiceId = await createInvoice({ webhook_url: url });
	await sandbox.pay(invoiceId);
	const [execution] = await client.waitForExecutions(id, 1);
	expect(itemsOf(execution, 'After')).toMatchObject([
		{
			event: 'paid',
			invoice: { id: invoiceId, status: 'Paid', amount: 212 },
			notification: { invoice: { id: invoiceId } },
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
			Array.from({ length: 100 }, async () => await post({ invoice: { id: invoiceId, status: 'Paid' } })),
		);
		expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
		expect(answers.filter(({ body }) => !(body as { duplicate?: boolean }).duplicate)).toHaveLength(1);
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
		expect(await post({ invoice: { id: '../customer' } })).toMatchObject({ status: 400 });
		expect(await executions()).toHaveLength(0);
	});

	it('404 to an invoice that the account does not have', async () => {
		const { post, executions } = await listening();
		expect(await post({ invoice: { id: randomUUID(), status: 'Paid' } })).toMatchObject({ status: 404 });
		expect(await executions()).toHaveLength(0);
	});

	it('409 to a notification of a payment that has not happened', async () => {
		const { post, executions } = await listening();
		const invoiceId = await createInvoice();
		expect(await post({ event: 'payment_success', invoice: { id: invoiceId, status: 'Paid' } })).toMatchObject({
			status: 409,
		});
		expect(await executions()).toHaveLength(0);
	});

	it('503 with Retry-After when SafePays fails or refuses the key', async () => {
		const { client, sandbox, sandboxUrl } = world;
		const invoiceId = await createInvoice();
		await sandbox.pay(invoiceId);
		const { post, executions } = await listening();
		await sandbox.addFault({ kind: 'status', status: 502, on: { method: 'GET' } });
		const failing = await post({ id: invoiceId });
		expect(failing.status).toBe(503);
		expect(Number(failing.retryAfter)).toBeGreaterThan(0);
		await sandbox.clearFaults();

		const wrong = await client.createCredential({
			name: 'wrong key',
			type: 'safePaysApi',
			data: { apiKey: 'not-the-key', baseUrl: sandboxUrl },
		});
		const refused = await (await listening({}, wrong.id)).post({ id: invoiceId });
		expect(refused.status).toBe(503);
		expect(JSON.stringify(refused.body)).not.toContain('not-the-key');
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
	expect(executions.map((execution) => itemsOf(execution, 'After')[0].event)).toEqual(['failed', 'paid']);
});
