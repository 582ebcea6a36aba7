import { randomUUID } from 'node:crypto';

import { itemsOf } from '../harness/client';
import { workflow } from '../harness/workflow';
import { post } from './ownN8n';
import { at, idsOf, isWebhook, KEY_IS_TAKEN, openShop } from './shop';
import { getWorld } from './world';
import type { World } from './world';

let world: World;
beforeAll(async () => {
	world = await getWorld();
	await world.sandbox.reset();
});
afterEach(async () => await world.sandbox.clearFaults());

it('two items of one run with the same key are one invoice', async () => {
	const { test, invoices } = await openShop(world, ['order-1042', 'order-1042', 'order-1043']);
	const output = itemsOf(await test(), 'SafePays');
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
	expect(idsOf(itemsOf(execution, 'SafePays'))).toEqual(idsOf(await invoices()));
});

it('retrying a failed execution hands out the invoice of the earlier try', async () => {
	const { client, sandbox } = world;
	const { test, invoices } = await openShop(world, ['order-1042', 'order-1043']);
	await sandbox.addFault({ kind: 'status', status: 403, on: { method: 'POST' }, times: 1 });
	const failed = await test();
	expect(failed.status).toBe('error');
	expect(await invoices()).toHaveLength(1);
	const retried = await client.getExecution(await client.retryExecution(failed.id));
	expect(retried.status).toBe('success');
	expect(await invoices()).toHaveLength(2);
	expect(idsOf(itemsOf(retried, 'SafePays'))).toEqual(idsOf(await invoices()));
});

it('a create that is known to have failed gives the key back', async () => {
	const { order, failure, invoices } = await openShop(world);
	await world.sandbox.addFault({ kind: 'status', status: 400, message: 'No luck', on: { method: 'POST' }, times: 1 });
	expect((await order()).status).toBe(500);
	expect(await failure(1)).toMatchObject({ httpCode: '400', message: expect.stringContaining('No luck') });
	const { status, body } = await order();
	expect(status).toBe(200);
	expect(body).not.toHaveProperty('reused');
	expect(await invoices()).toHaveLength(1);
});

it('a create whose outcome is not known keeps the key', async () => {
	const { order, failure, invoices } = await openShop(world);
	await world.sandbox.addFault({ kind: 'resetAfter', on: { method: 'POST' }, times: 1 });
	expect((await order()).status).toBe(500);
	expect((await failure(1))?.message).toMatch(/may exist/);
	expect((await order()).status).toBe(500);
	expect(await failure(2)).toMatchObject(KEY_IS_TAKEN);
	expect(await invoices()).toHaveLength(1);
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

it('a copy of the workflow has keys of its own, and creates', async () => {
	const { client } = world;
	const original = await openShop(world);
	await original.order();
	const { nodes, connections } = await client.getWorkflow(original.id);
	const path = randomUUID();
	const copy = await client.createWorkflow({
		...workflow([]),
		nodes: nodes.map((node) => (isWebhook(node) ? at(path, node) : node)),
		connections,
	});
	await client.activate(copy);
	const { status, body } = await post(`${world.webhookUrl}/webhook/${path}`, { order: 'order-1042' });
	expect(status).toBe(200);
	expect(body).not.toHaveProperty('reused');
	expect(await original.invoices()).toHaveLength(2);
});
