import { randomUUID } from 'node:crypto';

import { errorOf, itemsOf } from '../harness/client';
import type { NodeJson, NodeSettings, WorkflowJson } from '../harness/workflow';
import { items, manualTrigger, safePays, webhook, workflow } from '../harness/workflow';
import type { OwnN8n } from './ownN8n';
import { post, startOwnN8n } from './ownN8n';

// n8n takes half a minute to come up where the processor is busy
jest.setTimeout(180_000);

const KEY_IS_TAKEN = {
	message: expect.stringContaining('The unique key "order-1042" is taken'),
	description: expect.stringContaining('nothing was created. Look for the invoice in SafePays'),
};

const RENAMED = { name: 'Bill the order', position: [900, 300] as [number, number] };

let own: OwnN8n;
beforeAll(async () => {
	own = await startOwnN8n('unique-key');
});
afterAll(async () => await own?.close());
afterEach(() => {
	own.sandbox.clearFaults();
	own.sandbox.setLatency(0);
});

/** The parts of a workflow that bills the orders posted to it; "Start" tries it with the first order. */
function parts(email: string, path: string, orders: string[], settings: NodeSettings) {
	const nodes = [
		webhook(path, { responseMode: 'lastNode' }),
		manualTrigger(),
		items(orders.map((order) => ({ body: { order } }))),
		safePays(
			{
				resource: 'invoice',
				operation: 'create',
				email,
				amount: 200,
				uniqueKey: '={{ $json.body.order }}',
			},
			{ credential: own.credentialId, ...settings },
		),
	];
	return { nodes, connections: { Webhook: ['SafePays'], Start: ['Items'], Items: ['SafePays'] } };
}

/** An active workflow that bills orders. */
async function shop(orders = ['order-1042'], settings: NodeSettings = {}) {
	const { client, sandbox } = own;
	let path = randomUUID();
	const email = `${path}@example.com`;
	const { nodes, connections } = parts(email, path, orders, settings);
	const { id } = await client.createWorkflow(workflow(nodes, connections));
	await client.activate({ id });
	return {
		id,
		/** Saves and activates the workflow with its SafePays node changed. */
		change: async (changes: Partial<NodeJson>) => {
			const saved = await client.getWorkflow(id);
			// for a moment n8n answers at an address that was there before with the nodes of before
			path = randomUUID();
			await client.updateWorkflow(id, {
				nodes: saved.nodes.map((node) => {
					if (isSafePays(node)) return { ...node, ...changes };
					return isWebhook(node) ? at(path, node) : node;
				}),
				connections: rewired(saved, changes.name),
			});
			await client.activate({ id });
		},
		/** A production execution, as the shop's order starts it; n8n answers with the invoice. */
		order: async (order = 'order-1042') => await post(`${own.url}/webhook/${path}`, { order }),
		/** A test execution, as the editor's button starts it. */
		test: async () => await client.runAndWait(id),
		/** How the n-th of its executions failed. */
		failure: async (nth: number) => {
			const executions = await client.waitForExecutions(id, nth);
			return errorOf(executions[nth - 1], 'SafePays');
		},
		invoices: () => [...sandbox.books.invoices.values()].filter((invoice) => invoice.email === email),
	};
}
type Shop = Awaited<ReturnType<typeof shop>>;

function isSafePays({ type }: NodeJson): boolean {
	return type === 'n8n-nodes-safepays.safePays';
}

function isWebhook({ type }: NodeJson): boolean {
	return type === 'n8n-nodes-base.webhook';
}

function at(path: string, node: NodeJson): NodeJson {
	return { ...node, webhookId: path, parameters: { ...node.parameters, path } };
}

/** The connections of a workflow whose SafePays node has another name now. */
function rewired({ nodes, connections }: WorkflowJson, name?: string): WorkflowJson['connections'] {
	const before = nodes.find(isSafePays)?.name;
	if (name === undefined) return connections;
	const text = JSON.stringify(connections).replaceAll(JSON.stringify(before), JSON.stringify(name));
	return JSON.parse(text) as typeof connections;
}

function idsOf(invoices: Array<{ id?: unknown }>): string[] {
	return invoices.map(({ id }) => String(id)).sort();
}

/** Orders, and expects the invoice that is there to be handed out. */
async function expectReused(shop: Shop): Promise<void> {
	const [{ id }] = shop.invoices();
	expect(await shop.order()).toMatchObject({ status: 200, body: { id, reused: true } });
	expect(shop.invoices()).toHaveLength(1);
}

it('two items of one run with the same key are one invoice', async () => {
	const { test, invoices } = await shop(['order-1042', 'order-1042', 'order-1043']);
	const output = itemsOf(await test(), 'SafePays');
	expect(output).toHaveLength(3);
	expect(output[0]).not.toHaveProperty('reused');
	expect(output[1]).toMatchObject({ id: output[0].id, reused: true });
	expect(output[2]).not.toHaveProperty('reused');
	expect(invoices().map(({ id }) => id)).toEqual([output[0].id, output[2].id]);
});

it('two executions at the same moment are one invoice, which both hand out', async () => {
	const { order, invoices } = await shop();
	// longer than n8n takes to start the second
	own.sandbox.setLatency(1_000);
	const answers = await Promise.all([order(), order()]);
	const [{ id }] = invoices();
	expect(answers).toMatchObject([
		{ status: 200, body: { id } },
		{ status: 200, body: { id } },
	]);
	expect(answers.filter(({ body }) => (body as { reused?: boolean }).reused)).toHaveLength(1);
	expect(invoices()).toHaveLength(1);
});

it('a later execution gets the invoice as it is then', async () => {
	const { order, invoices } = await shop();
	expect(await order()).toMatchObject({ status: 200, body: { status: 'Invoice Created' } });
	const [{ id }] = invoices();
	own.sandbox.setStatus(id, 'Paid');
	expect(await order()).toMatchObject({ status: 200, body: { id, status: 'Paid', reused: true } });
	expect(await order('order-1043')).toMatchObject({ status: 200, body: { status: 'Invoice Created' } });
	expect(invoices()).toHaveLength(2);
});

it('"Retry On Fail" hands out the invoice of the earlier try', async () => {
	const retrying = { retryOnFail: true, maxTries: 2, waitBetweenTries: 10 };
	const { test, invoices } = await shop(['order-1042', 'order-1043'], retrying);
	own.sandbox.addFault({ kind: 'status', status: 400, on: { method: 'POST' }, times: 1 });
	const execution = await test();
	expect(execution.status).toBe('success');
	expect(invoices()).toHaveLength(2);
	expect(idsOf(itemsOf(execution, 'SafePays'))).toEqual(idsOf(invoices()));
});

it('retrying a failed execution hands out the invoice of the earlier try', async () => {
	const { client, sandbox } = own;
	const { test, invoices } = await shop(['order-1042', 'order-1043']);
	sandbox.addFault({ kind: 'status', status: 403, on: { method: 'POST' }, times: 1 });
	const failed = await test();
	expect(failed.status).toBe('error');
	expect(invoices()).toHaveLength(1);
	const retried = await client.getExecution(await client.retryExecution(failed.id));
	expect(retried.status).toBe('success');
	expect(invoices()).toHaveLength(2);
	expect(idsOf(itemsOf(retried, 'SafePays'))).toEqual(idsOf(invoices()));
});

it('a create that is known to have failed gives the key back', async () => {
	const { order, failure, invoices } = await shop();
	own.sandbox.addFault({ kind: 'status', status: 400, message: 'No luck', on: { method: 'POST' }, times: 1 });
	expect((await order()).status).toBe(500);
	expect(await failure(1)).toMatchObject({ httpCode: '400', message: expect.stringContaining('No luck') });
	const { status, body } = await order();
	expect(status).toBe(200);
	expect(body).not.toHaveProperty('reused');
	expect(invoices()).toHaveLength(1);
});

it('a create whose outcome is not known keeps the key', async () => {
	const { order, failure, invoices } = await shop();
	own.sandbox.addFault({ kind: 'resetAfter', on: { method: 'POST' }, times: 1 });
	expect((await order()).status).toBe(500);
	expect((await failure(1))?.message).toMatch(/may exist/);
	expect((await order()).status).toBe(500);
	expect(await failure(2)).toMatchObject(KEY_IS_TAKEN);
	expect(invoices()).toHaveLength(1);
});

it('a node that is renamed and moved finds its invoice', async () => {
	const { client } = own;
	const renamed = await shop();
	await renamed.order();
	await renamed.change(RENAMED);
	await expectReused(renamed);
	const [, execution] = await client.waitForExecutions(renamed.id, 2);
	expect(Object.keys(execution.data.resultData.runData)).toContain(RENAMED.name);
});

it('a new node in the place and by the name of the old one has keys of its own, and creates', async () => {
	const replaced = await shop();
	await replaced.order();
	await replaced.change({ id: randomUUID() });
	const { status, body } = await replaced.order();
	expect(status).toBe(200);
	expect(body).not.toHaveProperty('reused');
	expect(replaced.invoices()).toHaveLength(2);
});

it('a copy of the workflow has keys of its own, and creates', async () => {
	const { client } = own;
	const original = await shop();
	await original.order();
	const { nodes, connections } = await client.getWorkflow(original.id);
	const path = randomUUID();
	const copy = await client.createWorkflow({
		...workflow([]),
		nodes: nodes.map((node) => (isWebhook(node) ? at(path, node) : node)),
		connections,
	});
	await client.activate(copy);
	const { status, body } = await post(`${own.url}/webhook/${path}`, { order: 'order-1042' });
	expect(status).toBe(200);
	expect(body).not.toHaveProperty('reused');
	expect(original.invoices()).toHaveLength(2);
});

describe('after a restart of n8n', () => {
	let ordered: Shop;
	let orderedAndRenamed: Shop;
	let renamedLater: Shop;
	let tested: Shop;
	let testedAndOrdered: Shop;
	let orderedThenTested: Shop;
	let testedThenOrdered: Shop;

	beforeAll(async () => {
		ordered = await shop();
		orderedAndRenamed = await shop();
		renamedLater = await shop();
		orderedThenTested = await shop();
		for (const { order } of [ordered, orderedAndRenamed, renamedLater, orderedThenTested]) await order();
		await orderedAndRenamed.change(RENAMED);
		tested = await shop();
		testedAndOrdered = await shop();
		testedThenOrdered = await shop();
		for (const { test } of [tested, testedAndOrdered, testedThenOrdered]) await test();
		await testedAndOrdered.order();
		await own.stop();
		await own.start();
	});

	it('a production execution finds the invoice of one before', async () => {
		await expectReused(ordered);
	});

	it('so it does when the node was renamed before, or is renamed now', async () => {
		await expectReused(orderedAndRenamed);
		await renamedLater.change(RENAMED);
		await expectReused(renamedLater);
	});

	it('a test execution finds the invoice of a production execution', async () => {
		const [{ id }] = orderedThenTested.invoices();
		expect(itemsOf(await orderedThenTested.test(), 'SafePays')).toMatchObject([{ id, reused: true }]);
		expect(orderedThenTested.invoices()).toHaveLength(1);
	});

	it('the invoice of a test execution is forgotten and its key is taken, also for production executions', async () => {
		expect(errorOf(await tested.test(), 'SafePays')).toMatchObject(KEY_IS_TAKEN);
		expect(tested.invoices()).toHaveLength(1);

		expect((await testedThenOrdered.order()).status).toBe(500);
		expect(await testedThenOrdered.failure(2)).toMatchObject(KEY_IS_TAKEN);
		expect(testedThenOrdered.invoices()).toHaveLength(1);
	});

	it('it is found if a production execution had been given it', async () => {
		await expectReused(testedAndOrdered);
	});
});
