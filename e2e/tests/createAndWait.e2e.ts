import { errorOf, executionItemsOf, itemsOf } from '../harness/client';
import { items, manualTrigger, noOp, safePays, workflow } from '../harness/workflow';
import { getWorld } from './world';
import type { World } from './world';

let world: World;
beforeAll(async () => {
	world = await getWorld();
});
beforeEach(async () => await world.sandbox.reset());

/** Starts an execution that creates an invoice for each item and waits; resolves once it waits. */
async function waiting(input: object[], parameters: Record<string, unknown> = {}, credential = world.credentialId) {
	const { client } = world;
	const { id } = await client.createWorkflow(
		workflow([
			manualTrigger(),
			items(input),
			safePays(
				{
					resource: 'invoice',
					operation: 'createAndWait',
					email: '={{ $json.email }}',
					amount: '={{ $json.amount }}',
					...parameters,
				},
				{ credential },
			),
			noOp('After'),
		]),
	);
	return await client.runWorkflow(id);
}

async function invoicesOfTheSandbox() {
	const { invoices } = await world.sandbox.state();
	return invoices;
}

it('waits for the payment and goes on with the paid invoice', async () => {
	const { client, sandbox } = world;
	const executionId = await waiting([{ email: 'john@example.com', amount: 200 }]);
	await client.waitForExecution(executionId, { until: 'waiting' });
	const [{ id }] = await invoicesOfTheSandbox();
	await sandbox.pay(id);
	const execution = await client.waitForExecution(executionId);
	expect(itemsOf(execution, 'After')).toMatchObject([{ id, status: 'Paid', amount: 212, timedOut: false }]);
	expect((await sandbox.state()).deliveries).toMatchObject([{ status: 200 }]);
});

it('waits for all of fifty invoices, paid in any order, and gives them out in input order', async () => {
	const { client, sandbox } = world;
	const input = Array.from({ length: 50 }, (_, n) => ({ email: `p${n}@example.com`, amount: n + 1 }));
	const executionId = await waiting(input);
	await client.waitForExecution(executionId, { until: 'waiting' });
	const ids = (await invoicesOfTheSandbox()).map(({ id }) => id).sort();
	for (const id of ids) await sandbox.pay(id);
	const execution = await client.waitForExecution(executionId);
	const output = executionItemsOf(execution, 'SafePays') ?? [];
	expect(output.map(({ json }) => json.email)).toEqual(input.map(({ email }) => email));
	expect(output.map(({ pairedItem }) => pairedItem)).toEqual(input.map((_, item) => ({ item })));
	expect((await sandbox.state()).deliveries.filter(({ status }) => status !== 200)).toEqual([]);
}, 120_000);

it('is not moved by a forged, foreign, malformed or unsigned notification', async () => {
	const { client, sandbox } = world;
	const executionId = await waiting([{ email: 'john@example.com', amount: 200 }]);
	const execution = await client.waitForExecution(executionId, { until: 'waiting' });
	const [{ id, webhookUrl }] = await invoicesOfTheSandbox();
	const signed = String(webhookUrl);
	const [unsigned] = signed.split('?');
	const post = async (body: unknown, url = signed) =>
		(await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		})).status;
	expect(await post({ invoice: { id, status: 'Paid' } })).toBe(409);
	expect(await post({ invoice: { id, status: 'Paid' } }, unsigned)).toBe(401);
	expect(await post({ invoice: { id, status: 'Paid' } }, `${unsigned}?signature=guessed`)).toBe(401);
	expect(await post({ invoice: { id: execution.id } })).toBe(400);
	expect(await post({ invoice: { id: '11111111-1111-4111-8111-111111111111', status: 'Paid' } })).toBe(404);
	await sandbox.decline(id);
	expect((await client.getExecution(executionId)).status).toBe('waiting');
	await client.stopExecution(executionId);
});

it('goes on after the time limit with the invoice that was created', async () => {
	const { client } = world;
	const executionId = await waiting([{ email: 'john@example.com', amount: 200 }], { waitAmount: 0.01, waitUnit: 'minutes' });
	const execution = await client.waitForExecution(executionId, { timeout: 90_000 });
	const [{ id }] = await invoicesOfTheSandbox();
	expect(itemsOf(execution, 'After')).toMatchObject([{ id, status: 'Invoice Created', timedOut: true }]);
	expect(itemsOf(execution, 'Items')).toEqual([{ email: 'john@example.com', amount: 200 }]);
}, 120_000);

it('creates nothing when the real SafePays could not reach this n8n', async () => {
	const { client } = world;
	const real = await client.createCredential({
		name: 'the real SafePays',
		type: 'safePaysApi',
		data: { apiKey: 'a-key', baseUrl: 'https://app.safepays.com' },
	});
	const executionId = await waiting([{ email: 'john@example.com', amount: 200 }], {}, real.id);
	const execution = await client.waitForExecution(executionId);
	expect(errorOf(execution, 'SafePays')).toMatchObject({
		message: expect.stringContaining('SafePays cannot reach this n8n'),
		description: expect.stringContaining('Nothing was created'),
	});
});
