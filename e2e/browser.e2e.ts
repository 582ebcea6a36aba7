import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';

import { prepared } from '../test/support/prepared';
import { launchChromium } from '../tools/browser/chromium';
import type { Editor } from '../tools/browser/editor';
import { payInBrowser } from '../tools/browser/payment';
import { inTab, openSession } from '../tools/browser/tab';
import { TriggerPanel } from '../tools/browser/trigger-panel';
import { eventually } from '../tools/harness/eventually';
import { localDir } from '../tools/harness/paths';
import {
	manualTrigger,
	node,
	safePays,
	safePaysTool,
	withSubNodes,
	workflow,
} from '../tools/harness/workflow';
import { stage } from './examples/stage';
import { getWorld } from './world';

// a page of the editor takes seconds to load where other work goes on
jest.setTimeout(120_000);

const world = prepared(getWorld);
let browser: Browser | undefined;
let session: BrowserContext;

beforeAll(async () => {
	browser = await launchChromium();
	session = await openSession(browser, world.n8nUrl);
});

afterAll(async () => await browser?.close());

beforeEach(async () => await world.sandbox.reset());

/** Keeps what a person sees at a step, to be looked at. */
async function picture(page: Page, name: string): Promise<void> {
	await page.screenshot({ path: join(localDir, 'browser', `${name}.png`) });
}

/** Counts the clicks of a tab over all of its pages. */
async function countClicks(page: Page): Promise<() => Promise<number>> {
	let clicks = 0;
	await page.exposeFunction('countClick', () => clicks++);
	await page.addInitScript(() =>
		window.addEventListener(
			'click',
			// Those of the person, not of n8n's own code.
			({ isTrusted }) => isTrusted && (window as unknown as { countClick(): void }).countClick(),
			{ capture: true },
		),
	);
	return async () => clicks;
}

async function tab(name: string, work: (editor: Editor) => Promise<void>): Promise<void> {
	await inTab(session, world.n8nUrl, name, work);
}

it('goes from two nodes and one credential to a workflow that a payment starts, with nothing copied', async () => {
	await tab('main-job', async (editor) => {
		const clicks = await countClicks(editor.page);
		await editor.newWorkflow();
		await editor.openNodesPanel();
		await (await editor.findNode('safepays', 'SafePays')).click();
		const trigger = await editor.addAction('On invoice paid');
		await picture(editor.page, '1-trigger');
		await trigger.close();
		await editor.publish();
		await picture(editor.page, '2-published');
		const url = editor.page.url().split('?')[0];

		await editor.newWorkflow();
		await editor.openNodesPanel();
		await (await editor.findNode('safepays', 'SafePays')).click();
		const node = await editor.addAction('Create invoice');
		await node.fill('email', 'ada@example.com');
		await node.fill('amount', '200');
		await node.execute();
		const link = node.output.getByText('Open the payment page');
		await link.waitFor();
		await picture(editor.page, '3-invoice');
		const [payment] = await Promise.all([session.waitForEvent('page'), link.click()]);
		await payment.getByRole('button', { name: /^Pay / }).click();
		await payment.getByRole('heading', { name: 'Thank you' }).waitFor();
		await picture(payment, '4-thank-you');
		await payment.close();

		await editor.page.goto(`${url}/executions`);
		await editor.untilSucceeded('SafePays Trigger');
		await picture(editor.page, '5-execution');
		// Besides the clicks of this tab: twice "Create workflow", Pay, the workflow and its executions.
		const all = (await clicks()) + 5;
		console.info(
			`From a credential to the event in the executions list: ${all} clicks, nothing copied.`,
		);
		expect(all).toBeLessThanOrEqual(18);
		// Other tests publish triggers with the same path.
		await world.client.deactivate({ id: url.split('/').at(-1) ?? '' });
	});
});

it('is found in the nodes panel by name and by what it is for', async () => {
	await tab('nodes-panel', async (editor) => {
		await editor.newWorkflow();
		await editor.openNodesPanel();
		for (const words of [
			'paid',
			'payment received',
			'recurring',
			'subscription',
			'payment link',
			'invoice',
			'safepays',
		]) {
			await editor.findNode(words, 'SafePays');
		}
	});
});

it('goes from a new credential to an invoice with two line items and its payment link', async () => {
	await tab('invoice', async (editor) => {
		await editor.newWorkflow();
		await editor.openNodesPanel();
		await (await editor.findNode('safepays', 'SafePays')).click();
		const node = await editor.addAction('Create invoice');

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
			expect.arrayContaining(['Create', 'Get', 'Wait for Payment']),
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

it('shows the next node what an operation gives out before anything has run', async () => {
	await tab('schema-preview', async (editor) => {
		const { id } = await world.client.createWorkflow(
			workflow([
				manualTrigger(),
				safePays({}, { credential: world.credentialId, name: 'Bill' }),
				safePays({ operation: 'get' }, { credential: world.credentialId, name: 'Look' }),
			]),
		);
		await editor.openWorkflow(id);
		await editor.openNode('Look');
		const input = editor.get('ndv-input-panel');
		await input.getByText('payment_link', { exact: true }).waitFor();
		expect(await input.innerText()).toContain('Usually outputs the following fields');
	});
});

it('shows only the fields that the choices above them ask for', async () => {
	await tab('fields', async (editor) => {
		const { id } = await world.client.createWorkflow(
			workflow([manualTrigger(), safePays({}, { credential: world.credentialId })]),
		);
		await editor.openWorkflow(id);
		const node = await editor.openNode('SafePays');
		/** Waits until these are on show between Resource and Operation and the collections at the end. */
		const shows = async (labels: string[], { collections = 2 } = {}) =>
			await eventually(`the fields ${labels.join(', ')}`, async () => {
				const shown = (await node.labels()).slice(2, -collections);
				return isDeepStrictEqual(shown, labels) || undefined;
			});

		await shows(['Bill To', 'Email', 'Price By', 'Amount', 'Currency', 'Unique Key', 'When Paid']);
		await node.choose('billTo', 'Customer');
		await node.choose('priceBy', 'Line Items');
		await shows([
			'Bill To',
			'Customer',
			'Price By',
			'Specify Line Items',
			'Line Items',
			'Currency',
			'Unique Key',
			'When Paid',
		]);
		await node.choose('itemsFrom', 'Using JSON');
		await node.choose('operation', 'Wait for Payment');
		await shows(['Invoice', 'Resume On', 'Limit Wait Time', 'Wait Amount', 'Wait Unit'], {
			collections: 1,
		});
		await node.parameter('limitWaitTime').click();
		await shows(['Invoice', 'Resume On', 'Limit Wait Time'], { collections: 1 });
	});
});

it('shows what a model is told of a tool, for the operation that is chosen', async () => {
	await tab('tool', async (editor) => {
		const agent = node('@n8n/n8n-nodes-langchain.agent', 'AI Agent', {}, { typeVersion: 3.1 });
		const tools = [
			safePaysTool('Bill', { resource: 'invoice' }, { credential: world.credentialId }),
		];
		const { id } = await world.client.createWorkflow(
			withSubNodes(workflow([manualTrigger(), agent]), 'AI Agent', { ai_tool: tools }),
		);
		await editor.openWorkflow(id);
		const panel = await editor.openNode('Bill');
		const told = async () =>
			await panel.parameter('toolDescription').locator('textarea').inputValue();

		expect(await told()).toMatch(/^Creates an invoice in SafePays/);
		await panel.choose('operation', /^Get/);
		expect(await told()).toMatch(/^Retrieves an invoice from SafePays/);
		const options = (await panel.options('operation')).map((option) => option.split('\n')[0]);
		expect(options.slice(0, 2)).toEqual(['Create', 'Get']);
		expect(options).not.toContain('Wait for Payment');
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
			message: 'SafePays says: Invoice not found (404)',
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

		const invoice = await world.sandbox.createInvoice(world.apiKey, { webhook_url: testUrl });
		await payInBrowser(session, invoice.payment_link);
		const json = await node.showJson();
		expect(json).toContain('"event": "paid"');
		expect(json).toContain(invoice.id);
	});
});

it('waits for a payment, says where it is paid, and goes on when it is', async () => {
	const { id } = await stage('create-wait-ship-or-remind');
	await tab('wait-for-payment', async (editor) => {
		const name = 'Wait for Payment';
		await editor.openWorkflow(id);
		await editor.execute();
		await editor.untilWaiting(name);
		const node = await editor.openNode(name);
		const waiting = node.output.getByText('Waiting for payment');
		await waiting.waitFor();
		const [paymentLink] = /http\S+/.exec(await waiting.innerText()) ?? [];
		await payInBrowser(session, String(paymentLink));
		await node.output.getByTestId('node-run-status-success').waitFor();
		await node.close();
		await editor.untilSucceeded('Ship');
		expect(await editor.node('Remind').getByTestId('canvas-node-status-success').count()).toBe(0);
	});
});
