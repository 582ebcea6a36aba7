import { itemsOf } from '../harness/client';
import { importExample, readExamples, triggerUrl } from '../harness/examples';
import type { Example } from '../harness/examples';
import { getWorld } from './world';
import type { World } from './world';

const TRIGGER = "When clicking 'Execute workflow'";

let world: World;
let examples: Example[];

/** The example of a file, as `npm start` has it imported. */
const idOf = (part: string) => examples.find(({ id }) => id.includes(part))?.id as string;

beforeAll(async () => {
	world = await getWorld();
	await world.sandbox.reset();
	const { client, webhookUrl, sandboxUrl, apiKey } = world;
	examples = readExamples();
	const credential = await client.createCredential({
		name: 'with a default webhook URL',
		type: 'safePaysApi',
		data: { apiKey, baseUrl: sandboxUrl, defaultWebhookUrl: triggerUrl(webhookUrl, examples) },
	});
	for (const example of examples) await importExample(client, example, credential);
});

it('"Bill a customer" ends with the payment link, and its payment starts "When an invoice is paid"', async () => {
	const { client, sandbox } = world;
	const billed = await client.runAndWait(idOf('bill-a-customer'), { trigger: TRIGGER });
	expect(billed.status).toBe('success');
	expect(itemsOf(billed, 'Payment Link')).toEqual([
		{ payment_link: expect.stringContaining(world.sandboxUrl), total: '212 USD' },
	]);

	const [{ id }] = itemsOf(billed, 'Create Invoice');
	await sandbox.pay(String(id));
	const [paid] = await client.waitForExecutions(idOf('invoice-paid'), 1);
	expect(itemsOf(paid, 'Paid Order')).toEqual([
		{ invoice_id: id, email: 'john.doe@example.com', paid: '212 USD', paid_on: expect.any(String) },
	]);
});

it('"Create, wait, then ship or remind" ships what is paid', async () => {
	const { client, sandbox } = world;
	const id = idOf('create-wait');
	const executionId = await client.runWorkflow(id, TRIGGER);
	await client.waitForExecution(executionId, { until: 'waiting' });
	const { invoices } = await sandbox.state();
	const invoice = invoices.find(({ email }) => email === 'jane@example.com');
	await sandbox.pay(invoice?.id as string);
	const execution = await client.waitForExecution(executionId);
	expect(itemsOf(execution, 'Ship')).toEqual([
		{ ship_to: 'jane@example.com', invoice_id: invoice?.id },
	]);
	expect(itemsOf(execution, 'Remind')).toEqual([]);
});

it('"Create, wait, then ship or remind" reminds of what is not paid in time', async () => {
	const { client } = world;
	const workflow = await client.getWorkflow(idOf('create-wait'));
	for (const node of workflow.nodes) {
		if (node.name === 'Create Invoice and Wait') {
			Object.assign(node.parameters, { waitAmount: 0.01, waitUnit: 'minutes' });
		}
	}
	await client.updateWorkflow(workflow.id, { nodes: workflow.nodes });
	const executionId = await client.runWorkflow(workflow.id, TRIGGER);
	const execution = await client.waitForExecution(executionId, { timeout: 90_000 });
	expect(itemsOf(execution, 'Remind')).toEqual([
		{ remind: 'jane@example.com', payment_link: expect.stringContaining(world.sandboxUrl) },
	]);
	expect(itemsOf(execution, 'Ship')).toEqual([]);
}, 120_000);
