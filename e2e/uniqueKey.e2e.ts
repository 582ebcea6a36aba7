import { randomUUID } from 'node:crypto';

import { prepared } from '../test/support/prepared';
import { getItems } from '../tools/harness/client';
import { node, safePays } from '../tools/harness/workflow';
import { activateWebhook } from './workflows';
import { sortIds, KEY_IS_TAKEN, openShop } from './shop';
import { describeSince, getWorld } from './world';

const TABLE = 'SafePays unique keys';

const BILL = {
	resource: 'invoice',
	operation: 'create',
	email: 'somebody.else@example.com',
	amount: 200,
	uniqueKey: '={{ $json.body.order }}',
};

const world = prepared(getWorld);
beforeAll(async () => await world.sandbox.reset());
afterEach(async () => await world.sandbox.clearFaults());

it('two items of one run with the same key are one invoice', async () => {
	const { test, invoices } = await openShop(world, ['order-1042', 'order-1042', 'order-1043']);
	const output = getItems(await test(), 'SafePays');
	expect(output).toHaveLength(3);
	expect(output[0]).not.toHaveProperty('reused');
	expect(output[1]).toMatchObject({ id: output[0].id, reused: true });
	expect(output[2]).not.toHaveProperty('reused');
	expect((await invoices()).map(({ id }) => id)).toEqual([output[0].id, output[2].id]);
});

it('"Retry On Fail" hands out the invoice of the earlier try', async () => {
	const retrying = { retryOnFail: true, maxTries: 2, waitBetweenTries: 10 };
	const { test, invoices } = await openShop(world, ['order-1042', 'order-1043'], retrying);
	await world.sandbox.addFault({ kind: 'status', status: 400, on: { method: 'POST' }, times: 1 });
	const execution = await test();
	expect(execution.status).toBe('success');
	expect(await invoices()).toHaveLength(2);
	expect(sortIds(getItems(execution, 'SafePays'))).toEqual(sortIds(await invoices()));
});

it('a create that is known to have failed gives the key back', async () => {
	const { order, failure, invoices } = await openShop(world);
	await world.sandbox.addFault({
		kind: 'status',
		status: 400,
		message: 'No luck',
		on: { method: 'POST' },
		times: 1,
	});
	expect((await order()).status).toBe(500);
	expect(await failure(1)).toMatchObject({
		httpCode: '400',
		message: expect.stringContaining('No luck'),
	});
	const { status, body } = await order();
	expect(status).toBe(200);
	expect(body).not.toHaveProperty('reused');
	expect(await invoices()).toHaveLength(1);
});

it('a create whose outcome is not known keeps the key', async () => {
	const { order, failure, invoices } = await openShop(world);
	await world.sandbox.addFault({ kind: 'resetAfter', on: { method: 'POST' }, times: 1 });
	expect((await order()).status).toBe(500);
	expect((await failure(1))?.message).toMatch(/may have been created/);
	expect((await order()).status).toBe(500);
	expect(await failure(2)).toMatchObject(KEY_IS_TAKEN);
	expect(await invoices()).toHaveLength(1);
});

describeSince('2.6.0')('in n8n’s data table', () => {
	it('the user finds each key in a data table, and frees it by deleting its row', async () => {
		const { client } = world;
		const { id, order, invoices } = await openShop(world);
		await order('order-in-table');
		const [{ id: invoice }] = await invoices();
		const rows = await client.listTableRows(TABLE, 'key', 'order-in-table');
		expect(rows).toMatchObject([
			{ key: 'order-in-table', status: 'created', invoice, node: 'SafePays' },
		]);
		await client.deleteTableRows(TABLE, 'key', 'order-in-table');
		const { body } = await order('order-in-table');
		expect(body).not.toHaveProperty('reused');
		expect(await invoices()).toHaveLength(2);
		// what runs n8n's node for the table leaves no trace
		expect(await client.waitForExecutions(id, 2)).toHaveLength(2);
		expect((await client.listExecutions({ workflowId: id })).map(({ mode }) => mode)).toEqual([
			'webhook',
			'webhook',
		]);
	});
});

// n8n 2.40 and 2.41 hand it to no retried execution, and save what such a one keeps over all of it
it('what other nodes keep in the static data of the workflow stays, also through a retry', async () => {
	const { client, sandbox, credentialId: credential } = world;
	const other = node(
		'n8n-nodes-base.code',
		'Other',
		{
			jsCode:
				'if ($json.body.order === "1st") $getWorkflowStaticData("global").kept = true; return $input.all();',
		},
		{ typeVersion: 2 },
	);
	const { id, call } = await activateWebhook(client, [other, safePays(BILL, { credential })]);
	const order = async (name: string) => await call({ order: name });
	const kept = async () =>
		((await client.getWorkflow(id)) as { staticData?: object | null }).staticData;

	await order('1st');
	await client.waitForExecutions(id, 1);
	expect(await kept()).toEqual({ global: { kept: true } });
	await sandbox.addFault({ kind: 'status', status: 403, on: { method: 'POST' }, times: 1 });
	await order('2nd');
	const [, failed] = await client.waitForExecutions(id, 2);
	expect(failed.status).toBe('error');
	await client.getExecution(await client.retryExecution(failed.id));
	await order('3rd');
	await client.waitForExecutions(id, 4);
	expect(await kept()).toEqual({ global: { kept: true } });
});

it('a new node in the place and by the name of the old one has keys of its own, and creates', async () => {
	const replaced = await openShop(world);
	await replaced.order();
	await replaced.change({ id: randomUUID() });
	const { status, body } = await replaced.order();
	expect(status).toBe(200);
	expect(body).not.toHaveProperty('reused');
	expect(await replaced.invoices()).toHaveLength(2);
});
