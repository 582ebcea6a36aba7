import { randomUUID } from 'node:crypto';
import type { BrowserContext } from 'playwright-core';

import { getItems } from '../harness/client';
import { readExamples } from '../harness/examples';
import { manualTrigger, safePays, workflow, type NodeJson } from '../harness/workflow';
import { VIEWPORT } from './chromium';
import type { Editor } from './editor';
import type { NodePanel } from './node-panel';
import { payInBrowser } from './payment';
import { takeCanvasPicture, takePicture } from './picture';
import type { Studio } from './studio';
import { TriggerPanel } from './trigger-panel';

/** What is looked at together: one tab, some pictures. */
export type Scene = (editor: Editor, studio: Studio, session: BrowserContext) => Promise<void>;

/** Room for the three panes of an open node side by side. */
const PANEL_SIZE = { width: 1440, height: 900 };

const MANUAL_TRIGGER = "When clicking 'Execute workflow'";

/** Room for the largest example, so that n8n need not make it smaller to fit. */
const WHOLE_CANVAS_SIZE = { width: 2300, height: 1700 };

const LINE_ITEMS = {
	item: [
		{ title: 'Monthly Plan', qty: 1, price: 150.5 },
		{ title: 'Setup Fee', qty: 2, price: 25 },
	],
};

const nodesPanel: Scene = async (editor) => {
	await editor.newWorkflow();
	await editor.openNodesPanel();
	const hit = await editor.findNode('payment link', 'SafePays');
	await takePicture('nodes-panel', editor.page);
	await editor.page.setViewportSize({ ...VIEWPORT, height: 920 });
	await hit.click();
	await editor.get('node-creator-category-item').filter({ hasText: 'Actions' }).click();
	await editor.get('node-creator-item-name').getByText('Get invoice').waitFor();
	await takePicture('nodes-panel-actions', editor.page);
};

const credential: Scene = async (editor, studio) => {
	const node = await openNew(editor, studio, safePays({}, use(studio)));
	const dialog = await node.editCredential();
	await dialog.untilPassed();
	await takePicture('credential', dialog.dialog);
	// with the reason above the fields, the last one would be cut off
	await editor.page.setViewportSize({ ...PANEL_SIZE, height: 1050 });
	await dialog.fill('apiKey', 'no-such-key');
	await dialog.save();
	await dialog.untilFailed('SafePays does not accept the API key');
	await takePicture('credential-failed', dialog.dialog);
	// the other scenes need it
	await dialog.fill('apiKey', studio.sandbox.apiKey);
	await dialog.save();
	await dialog.untilPassed();
};

/** With room for all fields of the node. */
async function showCreated(editor: Editor, studio: Studio, picture: string): Promise<string> {
	const create = safePays(
		{ email: 'ada@example.com', priceBy: 'items', lineItems: LINE_ITEMS },
		{ ...use(studio), name: 'Create Invoice' },
	);
	const node = await openNew(editor, studio, create);
	await node.execute();
	const invoiceId = await idInOutput(node);
	await editor.page.setViewportSize({ ...PANEL_SIZE, height: 1540 });
	await takePicture(picture, editor.get('ndv'));
	return invoiceId;
}

const invoice: Scene = async (editor, studio) => {
	const invoiceId = await showCreated(editor, studio, 'invoice-create');
	await editor.page.setViewportSize(VIEWPORT);
	await studio.sandbox.pay(invoiceId);

	const get = safePays(
		{ operation: 'get', invoiceId: byId(invoiceId) },
		{ ...use(studio), name: 'Get Invoice' },
	);
	const got = await openNew(editor, studio, get);
	await got.execute();
	await idInOutput(got);
	await takePicture('invoice-get', editor.get('ndv'));
	await got.fill('invoiceId', '550e8400-e29b-41d4-a716-446655440000');
	await got.execute();
	await got.error();
	await takePicture('invoice-get-error', editor.get('ndv'));
};

const customer: Scene = async (editor, studio) => {
	const create = safePays(
		{
			resource: 'customer',
			name: 'Ada Lovelace',
			email: 'ada.lovelace@example.com',
			additionalFields: { group: 'Premium Customers', city: 'London' },
		},
		{ ...use(studio), name: 'Create Customer' },
	);
	const node = await openNew(editor, studio, create);
	await node.execute();
	await idInOutput(node);
	await takePicture('customer-create', editor.get('ndv'));
};

/** The canvas of each example in its real size. */
const examples: Scene = async (editor) => {
	await editor.page.setViewportSize(WHOLE_CANVAS_SIZE);
	for (const { id } of readExamples()) {
		await editor.openWorkflow(id);
		await editor.zoomToFit();
		await takeCanvasPicture(`canvas-${id}`, editor.page);
	}
};

const executed: Scene = async (editor) => await showExecuted(editor, 'canvas-executed');

async function showExecuted(editor: Editor, picture: string): Promise<void> {
	await editor.openWorkflow('bill-a-customer');
	await editor.zoomToFit();
	await editor.execute();
	await editor.untilSucceeded('Payment Link');
	await editor.untilIdle();
	await takePicture(picture, editor.page);
}

/** What the payment of an invoice has started, in the published example that listens for it. */
const paymentStarted: Scene = async (editor, { client, sandbox }) => {
	const before = await client.listExecutions({ workflowId: 'invoice-paid' });
	await client.activate({ id: 'invoice-paid' });
	const billed = await client.runAndWait('bill-a-customer', { trigger: MANUAL_TRIGGER });
	await sandbox.pay(String(getItems(billed, 'Create Invoice')[0].id));
	await client.waitForExecutions('invoice-paid', before.length + 1);
	await client.deactivate({ id: 'invoice-paid' });
	await showPaymentStarted(editor, 'payment-started');
};

async function showPaymentStarted(editor: Editor, picture: string): Promise<void> {
	await editor.openExecutions('invoice-paid');
	await takePicture(picture, editor.page);
}

const trigger: Scene = async (editor, studio, session) => {
	await editor.openWorkflow('invoice-paid');
	await editor.page.setViewportSize(PANEL_SIZE);
	const node = await editor.openNode('SafePays Trigger');
	const panel = new TriggerPanel(editor.page);
	await panel.showUrls();
	await editor.page.getByText('When will this node trigger my flow?').click();
	await editor.get('ndv').getByText('There is nothing to copy:').waitFor();
	await takePicture('trigger', editor.get('ndv'));
	const url = await panel.copyTestUrl();
	await panel.listen();
	await takePicture('trigger-listening', editor.get('ndv'));

	const [created] = await run(
		studio,
		safePays(
			{ email: 'grace@example.com', amount: 200, whenPaid: 'url', webhookUrl: url },
			use(studio),
		),
	);
	await payInBrowser(session, String(created.payment_link));
	await node.showJson();
	await takePicture('trigger-event', editor.get('ndv'));
};

const wait: Scene = async (editor, studio, session) => {
	const name = 'Wait for Payment';
	await editor.openWorkflow('create-wait-ship-or-remind');
	await editor.zoomToFit();
	await editor.execute();
	await editor.untilWaiting(name);
	await takeCanvasPicture('canvas-create-wait-waiting', editor.page);
	await editor.page.setViewportSize(PANEL_SIZE);
	const node = await editor.openNode(name);
	const waiting = node.output.getByText('Waiting for payment');
	await waiting.waitFor();
	await node.parameter('resumeOn').scrollIntoViewIfNeeded();
	await takePicture('wait-for-payment', editor.get('ndv'));

	const invoices = [...studio.sandbox.books.invoices.values()];
	const link = /http\S+/.exec(await waiting.innerText())?.[0];
	const page = await session.newPage();
	await page.setViewportSize({ width: 1000, height: 640 });
	await page.goto(String(link));
	await takePicture('sandbox-payment-page', page);
	await page.close();
	await studio.sandbox.pay(invoices[invoices.length - 1].id);
	await node.close();
	await editor.page.setViewportSize(VIEWPORT);
	await editor.zoomToFit();
	await editor.untilSucceeded('Ship');
	await editor.untilIdle();
	await takeCanvasPicture('canvas-create-wait-paid', editor.page);
};

const sandboxHome: Scene = async ({ page }, { sandbox }) => {
	await page.setViewportSize({ width: 1280, height: 1100 });
	await page.goto(sandbox.url);
	await takePicture('sandbox-home', page);
};

const dark: Scene = async (editor, studio) => {
	await showPaymentStarted(editor, 'payment-started-dark');
	await showExecuted(editor, 'canvas-executed-dark');
	await showCreated(editor, studio, 'invoice-create-dark');
};

/** By name, in the order in which one leaves behind what the next one shows. */
export const LIGHT: Record<string, Scene> = {
	nodesPanel,
	credential,
	examples,
	executed,
	invoice,
	customer,
	trigger,
	paymentStarted,
	wait,
	sandboxHome,
};

/** After `paymentStarted`. */
export const DARK: Record<string, Scene> = { dark };

function use({ credential: { id } }: Studio) {
	return { credential: id };
}

function byId(value: string) {
	return { __rl: true, mode: 'id', value };
}

/** A new workflow with this node, open. */
async function openNew(editor: Editor, { client }: Studio, node: NodeJson): Promise<NodePanel> {
	const { id } = await client.createWorkflow(
		workflow([manualTrigger(), node], undefined, { name: `Example ${randomUUID().slice(0, 4)}` }),
	);
	await editor.openWorkflow(id);
	await editor.page.setViewportSize(PANEL_SIZE);
	return await editor.openNode(node.name);
}

async function run({ client }: Studio, node: NodeJson) {
	const { id } = await client.createWorkflow(workflow([manualTrigger(), node]));
	return getItems(await client.runAndWait(id), node.name);
}

async function idInOutput(node: NodePanel): Promise<string> {
	const [, id] = /"id": "([0-9a-f-]{36})"/.exec(await node.showJson()) ?? [];
	return String(id);
}
