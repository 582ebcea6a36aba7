import { prepared } from '../test/support/prepared';
import { post } from '../tools/harness/post';
import { eventually } from '../tools/harness/eventually';
import { getOutput, getItems } from '../tools/harness/client';
import { items, manualTrigger, node, noOp, workflow } from '../tools/harness/workflow';
import { n8nIsBefore } from '../tools/harness/olderN8n';
import { createAndWait } from './workflows';
import { getWorld, UNKNOWN_ID } from './world';

const world = prepared(getWorld);
beforeEach(async () => await world.sandbox.reset());

/** A step that takes this many seconds, in n8n's memory: the execution does not wait in its database. */
const pause = (seconds: number) =>
	node(
		'n8n-nodes-base.wait',
		'Mail',
		{ resume: 'timeInterval', amount: seconds, unit: 'seconds' },
		{ typeVersion: 1.1 },
	);

/** Creates an invoice for each item, sends the mail with the link, and waits for the payment. */
async function start(
	input: object[],
	parameters: Record<string, unknown> = {},
	{ credential = world.credentialId, mail = noOp('Mail') } = {},
) {
	const { client } = world;
	const bill = { email: '={{ $json.email }}', amount: '={{ $json.amount }}' };
	const [create, wait] = createAndWait(bill, credential, parameters);
	const { id } = await client.createWorkflow(
		workflow([manualTrigger(), items(input), create, mail, wait, noOp('After')]),
	);
	return await client.runWorkflow(id);
}

const ORDER = { email: 'john@example.com', amount: 200 };
const NEVER = { kind: 'status', status: 503, on: { method: 'GET' } } as const;

async function listInvoices() {
	const { invoices } = await world.sandbox.state();
	return invoices;
}

it('follows the mail: waits for the payment and goes on with the paid invoice', async () => {
	const { client, sandbox } = world;
	const executionId = await start([ORDER]);
	await client.waitForExecution(executionId, { until: 'waiting' });
	const [{ id }] = await listInvoices();
	await sandbox.pay(id);
	const execution = await client.waitForExecution(executionId);
	expect(getItems(execution, 'After')).toMatchObject([
		{ id, status: 'Paid', amount: 212, timedOut: false },
	]);
	expect((await sandbox.state()).deliveries).toMatchObject([{ status: 200 }]);
});

it('does not wait for what was paid before it came to that', async () => {
	const { client, sandbox } = world;
	const executionId = await start([ORDER], {}, { mail: pause(4) });
	const id = await eventually('the invoice', async () => (await listInvoices())[0]?.id);
	await sandbox.pay(id);
	const [{ status }] = (await sandbox.state()).deliveries;
	// 401 in queue mode: n8n has not saved yet what the address is signed with.
	expect([401, 409, 500]).toContain(status);
	const execution = await client.waitForExecution(executionId);
	expect(getItems(execution, 'After')).toMatchObject([{ id, status: 'Paid', timedOut: false }]);
});

it('finds what was paid while n8n put the execution to wait, and could take no notification', async () => {
	const { client, sandbox } = world;
	const executionId = await start([ORDER]);
	await client.waitForExecution(executionId, { until: 'waiting' });
	const [{ id }] = await listInvoices();
	await sandbox.addFault({ kind: 'lostNotification' });
	await sandbox.pay(id);
	const execution = await client.waitForExecution(executionId);
	expect(getItems(execution, 'After')).toMatchObject([{ id, status: 'Paid', timedOut: false }]);
	expect(execution.data.resultData.runData.After).toHaveLength(1);
});

it('accepts a notification while SafePays is down, and goes on by itself when it is back', async () => {
	const { client, sandbox } = world;
	const executionId = await start([ORDER]);
	await client.waitForExecution(executionId, { until: 'waiting' });
	const [{ id }] = await listInvoices();
	await sandbox.addFault(NEVER);
	await sandbox.pay(id);
	const [delivery] = (await sandbox.state()).deliveries;
	expect(delivery.status).toBe(200);
	expect(JSON.parse(String(delivery.responseBody))).toEqual({ received: true, pending: true });
	expect((await client.getExecution(executionId)).status).toBe('waiting');
	await sandbox.clearFaults();
	const execution = await client.waitForExecution(executionId, { timeout: 60_000 });
	expect(getItems(execution, 'After')).toMatchObject([{ id, status: 'Paid', timedOut: false }]);
	expect(execution.data.resultData.runData.After).toHaveLength(1);
}, 90_000);

it('waits for all of fifty invoices, paid in any order, and gives them out in input order', async () => {
	const { client, sandbox } = world;
	const input = Array.from({ length: 50 }, (_, n) => ({
		email: `p${n}@example.com`,
		amount: n + 1,
	}));
	const executionId = await start(input);
	await client.waitForExecution(executionId, { until: 'waiting' });
	const ids = (await listInvoices()).map(({ id }) => id).sort();
	for (const id of ids) await sandbox.pay(id);
	const execution = await client.waitForExecution(executionId);
	const output = getOutput(execution, 'SafePays') ?? [];
	expect(output.map(({ json }) => json.email)).toEqual(input.map(({ email }) => email));
	expect(output.map(({ pairedItem }) => pairedItem)).toEqual(input.map((_, item) => ({ item })));
	expect((await sandbox.state()).deliveries.filter(({ status }) => status !== 200)).toEqual([]);
}, 120_000);

it('is not moved by a forged, foreign, malformed or unsigned notification', async () => {
	const { client, sandbox } = world;
	const executionId = await start([ORDER]);
	const execution = await client.waitForExecution(executionId, { until: 'waiting' });
	const [{ id, webhookUrl }] = await listInvoices();
	const signed = String(webhookUrl);
	const [unsigned] = signed.split('?');
	const notification = { invoice: { id, status: 'Paid' } };
	// n8n signs the addresses of waiting executions since 2.14
	for (const url of n8nIsBefore('2.14.0') ? [] : [unsigned, `${unsigned}?signature=guessed`]) {
		expect(await post(url, notification)).toMatchObject({ status: 401 });
	}
	const { total } = (await sandbox.state()).requests;
	const error = expect.any(String);
	const malformed = { invoice: { id: execution.id } };
	expect(await post(signed, malformed)).toEqual({ status: 400, body: { error } });
	const foreign = { invoice: { id: UNKNOWN_ID, status: 'Paid' } };
	expect(await post(signed, foreign)).toEqual({ status: 404, body: { error } });
	expect((await sandbox.state()).requests.total).toBe(total);
	expect(await post(signed, { invoice: { id } })).toEqual({ status: 409, body: { error } });
	expect(await post(signed, notification)).toEqual({
		status: 200,
		body: { received: true, pending: true },
	});
	await sandbox.decline(id);
	expect((await client.getExecution(executionId)).status).toBe('waiting');
	await client.stopExecution(executionId);
});

it('goes on after the time limit with the invoice as it was last seen', async () => {
	const { client } = world;
	const executionId = await start([ORDER], {
		waitAmount: 0.01,
		waitUnit: 'minutes',
	});
	const execution = await client.waitForExecution(executionId, { timeout: 90_000 });
	const [{ id }] = await listInvoices();
	expect(getItems(execution, 'After')).toMatchObject([
		{ id, status: 'Invoice Created', timedOut: true },
	]);
	for (const item of getItems(execution, 'Mail')) expect(item).not.toHaveProperty('timedOut');
}, 120_000);
