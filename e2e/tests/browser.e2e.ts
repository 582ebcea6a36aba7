import { randomUUID } from 'node:crypto';
import { selectors, type Browser, type BrowserContext } from 'playwright-core';

import { launchChromium, newSession } from '../browser/chromium';
import { Editor } from '../browser/editor';
import { payInBrowser } from '../browser/payment';
import { inTab } from '../browser/tab';
import { TriggerPanel } from '../browser/trigger-panel';
import { importExample, readExamples } from '../harness/examples';
import { manualTrigger, node, safePays, safePaysTool, withSubNodes, workflow } from '../harness/workflow';
import { getWorld } from './world';
import type { World } from './world';

// a page of the editor takes seconds to load where other work goes on
jest.setTimeout(120_000);

let world: World;
let browser: Browser | undefined;
let session: BrowserContext;

beforeAll(async () => {
	world = await getWorld();
	selectors.setTestIdAttribute('data-test-id');
	browser = await launchChromium();
	session = await newSession(browser);
	const editor = await Editor.open(session, world.n8nUrl);
	await editor.signIn();
	await editor.page.close();
});

afterAll(async () => await browser?.close());

beforeEach(async () => await world.sandbox.reset());

async function tab(name: string, work: (editor: Editor) => Promise<void>): Promise<void> {
	await inTab(session, world.n8nUrl, name, work);
}

it('is found in the nodes panel by name and by what it is for', async () => {
	await tab('nodes-panel', async (editor) => {
		await editor.newWorkflow();
		await editor.openNodesPanel();
		for (const words of ['payment link', 'invoice', 'safepays']) {
			await editor.findNode(words, 'SafePays');
		}
	});
});

it('goes from a new credential to an invoice with two line items and its payment link', async () => {
	await tab('invoice', async (editor) => {
		await editor.newWorkflow();
		await editor.openNodesPanel();
		await (await editor.findNode('safepays', 'SafePays')).click();
		const node = await editor.addAction('Create an invoice');

		const credential = await node.createCredential();
		await credential.fill('apiKey', 'no-such-key');
		await credential.fill('baseUrl', world.sandboxUrl);
		await credential.save();
		await credential.untilFailed('SafePays does not accept the API key: Invalid API Key');
		await credential.fill('apiKey', world.apiKey);
		await credential.save();
		await credential.untilClosed();
		const again = await node.editCredential();
		await again.untilPassed();
		await again.close();

		expect((await node.options('operation')).map((option) => option.split('\n')[0])).toEqual(
			expect.arrayContaining(['Create', 'Create and Wait for Payment', 'Get']),
		);
		await node.fill('email', 'ada@example.com');
		await node.choose('priceBy', 'Line Items');
		await node.addLineItem();
		await node.fill('title', 'Monthly Plan');
		await node.fill('price', '150.5');
		await node.addLineItem();
		await node.fill('title', 'Setup Fee', 1);
		await node.fill('qty', '2', 1);
		await node.fill('price', '25', 1);
		await node.execute();

		const json = await node.showJson();
		const { invoices } = await world.sandbox.state();
		expect(invoices).toMatchObject([
			{
				email: 'ada@example.com',
				baseAmount: 200.5,
				items: [
					{ title: 'Monthly Plan', qty: 1, price: 150.5 },
					{ title: 'Setup Fee', qty: 2, price: 25 },
				],
			},
		]);
		expect(json).toContain(invoices[0].id);
		const [paymentLink] = /http[^"\s]+/.exec(json) ?? [];
		await payInBrowser(session, String(paymentLink));
		expect((await world.sandbox.state()).invoices).toMatchObject([{ status: 'Paid' }]);
	});
});

it('shows only the fields that the choices above them ask for', async () => {
	await tab('fields', async (editor) => {
		const { id } = await world.client.createWorkflow(
			workflow([manualTrigger(), safePays({}, { credential: world.credentialId })]),
		);
		await editor.openWorkflow(id);
		const node = await editor.openNode('SafePays');
		const shown = async () => (await node.labels()).slice(2, -2);

		expect(await shown()).toEqual([
			'Bill To', 'Email', 'Price By', 'Amount', 'Currency', 'Unique Key',
		]);
		await node.choose('billTo', 'Customer');
		await node.choose('priceBy', 'Line Items');
		expect(await shown()).toEqual([
			'Bill To', 'Customer', 'Price By', 'Line Items From', 'Line Items', 'Currency', 'Unique Key',
		]);
		await node.choose('itemsFrom', 'JSON');
		await node.choose('operation', 'Create and Wait for Payment');
		expect(await shown()).toEqual([
			'Bill To', 'Customer', 'Price By', 'Line Items From', 'Line Items (JSON)', 'Currency', 'Unique Key',
			'Resume On', 'Limit Wait Time', 'Wait Amount', 'Wait Unit',
		]);
		await node.parameter('limitWaitTime').click();
		expect((await shown()).slice(-2)).toEqual(['Resume On', 'Limit Wait Time']);
	});
});

it('shows what a model is told of a tool, for the operation that is chosen', async () => {
	await tab('tool', async (editor) => {
		const agent = node('@n8n/n8n-nodes-langchain.agent', 'AI Agent', {}, { typeVersion: 3.1 });
		const tools = [safePaysTool('Bill', { resource: 'invoice' }, { credential: world.credentialId })];
		const { id } = await world.client.createWorkflow(
			withSubNodes(workflow([manualTrigger(), agent]), 'AI Agent', { ai_tool: tools }),
		);
		await editor.openWorkflow(id);
		const panel = await editor.openNode('Bill');
		const told = async () => await panel.parameter('toolDescription').locator('textarea').inputValue();

		expect(await told()).toMatch(/^Creates an invoice in SafePays/);
		await panel.choose('operation', /^Get/);
		expect(await told()).toMatch(/^Gets an invoice from SafePays/);
		const options = (await panel.options('operation')).map((option) => option.split('\n')[0]);
		expect(options.slice(0, 2)).toEqual(['Create', 'Get']);
		expect(options).not.toContain('Create and Wait for Payment');
	});
});

it('tells in the output panel what went wrong and what to do', async () => {
	await tab('error', async (editor) => {
		const { id } = await world.client.createWorkflow(
			workflow([
				manualTrigger(),
				safePays(
					{ operation: 'get', invoiceId: { __rl: true, mode: 'id', value: randomUUID() } },
					{ credential: world.credentialId },
				),
			]),
		);
		await editor.openWorkflow(id);
		const node = await editor.openNode('SafePays');
		await node.execute();
		expect(await node.error()).toEqual({
			message: 'SafePays says: Invoice not found (404) [item 0]',
			description: expect.stringContaining('Check the invoice ID'),
		});
	});
});

it('shows the event that a payment sends to the test URL in the panel of the trigger', async () => {
	await tab('trigger', async (editor) => {
		await editor.newWorkflow();
		await editor.openNodesPanel();
		await (await editor.findNode('safepays', 'SafePays')).click();
		const node = await editor.addAction('On invoice paid');
		await node.useCredential(world.credentialId);
		const trigger = new TriggerPanel(editor.page);
		await trigger.showUrls();
		const testUrl = await trigger.copyTestUrl();
		expect(testUrl).toMatch(`${world.n8nUrl}/webhook-test/`);
		await trigger.listen();

		const invoice = await createInvoice(testUrl);
		await payInBrowser(session, invoice.payment_link);
		const json = await node.showJson();
		expect(json).toContain('"event": "paid"');
		expect(json).toContain(invoice.id);
	});
});

it('waits for a payment, says where it is paid, and goes on when it is', async () => {
	const example = readExamples().find(({ id }) => id === 'create-wait-ship-or-remind');
	if (!example) throw new Error('the example workflow is not there');
	const id = randomUUID();
	const [credential] = (await world.client.listCredentials()).filter(
		(one) => one.id === world.credentialId,
	);
	await importExample(world.client, { ...example, id }, credential);

	await tab('create-and-wait', async (editor) => {
		const name = 'Create Invoice and Wait';
		await editor.openWorkflow(id);
		await editor.execute();
		await editor.untilWaiting(name);
		const node = await editor.openNode(name);
		const waiting = node.output.getByText('Waiting for the payment');
		await waiting.waitFor();
		const [paymentLink] = /http\S+/.exec(await waiting.innerText()) ?? [];
		await payInBrowser(session, String(paymentLink));
		await node.output.getByTestId('node-run-status-success').waitFor();
		await node.close();
		await editor.untilSucceeded('Ship');
		expect(await editor.node('Remind').getByTestId('canvas-node-status-success').count()).toBe(0);
	});
});

/** As a shop would, past n8n. */
async function createInvoice(webhookUrl: string): Promise<{ id: string; payment_link: string }> {
	const response = await fetch(`${world.sandboxUrl}/api/v2/invoice`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({
			api_key: world.apiKey,
			email: 'john@example.com',
			amount: 200,
			webhook_url: webhookUrl,
		}),
	});
	const { invoice } = (await response.json()) as { invoice: { id: string; payment_link: string } };
	return invoice;
}
