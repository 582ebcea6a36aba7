import type { INodeParameters } from 'n8n-workflow';

import type { ItemParameters } from '../../../../../nodes/SafePays/actions/parameters';
import { findNotificationTarget } from '../../../../../nodes/SafePays/actions/invoice/whenPaid';
import { SafePaysClient } from '../../../../../nodes/SafePays/transport/client';
import { verifyQuery } from '../../../../../nodes/SafePays/webhooks/signedQuery';
import type { World } from '../../../../engine';
import { execute } from '../../../../engine';
import { createInvoices } from '../../../../engine/workflows';
import {
	API_KEY,
	bills,
	sentBodies,
	UNKNOWN_ID,
	useSandbox,
	words,
	createWorld,
} from '../../../../support';

const sandbox = useSandbox();

async function create(
	parameters: INodeParameters = {},
	{ credentials, ...world }: Partial<World> = {},
) {
	return await execute(
		createWorld(sandbox, {
			baseUrl: 'https://n8n.example.com',
			...world,
			credentials: { triggerPath: 'safepays', ...credentials },
		}),
		createInvoices(parameters),
		{ items: bills(1) },
	);
}

const sentUrl = () => sentBodies(sandbox)[0].webhook_url as string | undefined;

const metadata = (entries: Record<string, string>) => ({
	additionalFields: {
		metadata: { entry: Object.entries(entries).map(([name, value]) => ({ name, value })) },
	},
});

describe('who hears of an invoice’s payment', () => {
	it('is the trigger of this n8n where nothing else is said', async () => {
		await create();
		expect(sentUrl()).toBe('https://n8n.example.com/webhook/safepays');
	});

	it('is the trigger at the path of the credential, with the prefix of this n8n’s address', async () => {
		await create(
			{},
			{ baseUrl: 'https://example.com/n8n', credentials: { triggerPath: ' /shop/paid/ ' } },
		);
		expect(sentUrl()).toBe('https://example.com/n8n/webhook/shop/paid');
	});

	it.each([
		'https://n8n.example.com/webhook/safepays',
		'webhook/safepays',
		'/webhook-test/safepays',
		'../rest/login',
		'a/../../rest',
		'safepays?x=1',
		'safepays#x',
	])('is refused where the Trigger Path is not the Path of a trigger: %s', async (triggerPath) => {
		const executed = await create({}, { credentials: { triggerPath } });
		expect(words(executed)).toMatch(/"Trigger Path of the SafePays credential" is not the Path/);
		expect(sandbox.requests).toEqual([]);
	});

	it('is the trigger at a path of any letters', async () => {
		await create({}, { credentials: { triggerPath: 'bezahlt für 1..2' } });
		expect(sentUrl()).toBe('https://n8n.example.com/webhook/bezahlt%20f%C3%BCr%201..2');
	});

	it('is the trigger at the default path where the credential is older than the field', async () => {
		await create({}, { credentials: { triggerPath: undefined as unknown as string } });
		expect(sentUrl()).toBe('https://n8n.example.com/webhook/safepays');
	});

	it('is the Default Webhook URL before the trigger path', async () => {
		await create({}, { credentials: { defaultWebhookUrl: 'https://other.example.com/webhook/x' } });
		expect(sentUrl()).toBe('https://other.example.com/webhook/x');
	});

	it('is nobody without both', async () => {
		const { hints } = await create({}, { credentials: { triggerPath: '' } });
		expect(sentBodies(sandbox)[0]).not.toHaveProperty('webhook_url');
		expect(hints.join()).toMatch(/Nobody is notified.*no Trigger Path and no Default Webhook URL/);
	});

	it('is nobody where that is chosen', async () => {
		const { hints } = await create({ whenPaid: 'nothing' });
		expect(sentBodies(sandbox)[0]).not.toHaveProperty('webhook_url');
		expect(hints.join()).toContain('Nobody is notified');
	});

	it('is this execution with "Resume This Workflow"', async () => {
		const { hints } = await create({ whenPaid: 'resume' }, { executionId: '815' });
		expect(sentUrl()).toMatch(/^https:\/\/n8n\.example\.com\/webhook-waiting\/815(\?|$)/);
		expect(hints.join()).toContain('no Wait for Payment node comes after this one');
	});

	it('is the URL as it is with "Send to a URL", whatever key the invoice has', async () => {
		const url = 'https://example.com/hooks/safepays?shop=1';
		await create({ whenPaid: 'url', webhookUrl: url, uniqueKey: 'order-1' });
		expect(sentUrl()).toBe(url);
	});

	it('is refused where "Send to a URL" has none, before anything is sent', async () => {
		const executed = await create({ whenPaid: 'url', webhookUrl: ' ' });
		expect(words(executed)).toMatch(/"Webhook URL" is empty/);
		expect(sandbox.requests).toEqual([]);
	});

	it('is refused where it is none of the choices, before anything is sent', async () => {
		const executed = await create({ whenPaid: 'later' });
		expect(words(executed)).toMatch(/"When Paid"[^]*later/);
		expect(sandbox.requests).toEqual([]);
	});

	it.each([
		['http://localhost:5678', 'trigger'],
		['http://192.168.1.5:5678', 'resume'],
	])('is nobody where the real SafePays cannot reach this n8n at %s (%s)', (address, whenPaid) => {
		const parameters: ItemParameters = {
			get: (name) => ({ whenPaid })[name],
			credentials: { apiKey: API_KEY, baseUrl: 'https://app.safepays.com' },
			getResumeUrl: () => `${address}/webhook-waiting/1`,
			timeZone: 'UTC',
		};
		expect(findNotificationTarget(parameters)).toMatchObject({
			kind: 'nobody',
			why: 'unreachable',
		});
	});
});

describe('what a payment is for', () => {
	it('travels in the query, signed over payer, currency and total', async () => {
		await create({ uniqueKey: 'order-7', ...metadata({ orderId: '7', name: 'Zoë & Söhne' }) });
		const [key, query] = [API_KEY, Object.fromEntries(new URL(sentUrl() ?? '').searchParams)];
		const { email } = bills(1)[0];
		const invoice = { email, currency: 'USD', items: [{ name: 'Payment', qty: 1, price: 100 }] };
		const reference = { uniqueKey: 'order-7', metadata: { orderId: '7', name: 'Zoë & Söhne' } };
		expect(verifyQuery(query, invoice, key)).toEqual(reference);
		expect(verifyQuery(query, { ...invoice, items: [{ qty: 1, price: 1 }] }, key)).toBeUndefined();
	});

	it('is added to the query that a Default Webhook URL has', async () => {
		await create(
			{ uniqueKey: 'order-8' },
			{ credentials: { defaultWebhookUrl: 'https://other.example.com/webhook/x?shop=1' } },
		);
		expect(sentUrl()).toMatch(
			/^https:\/\/other\.example\.com\/webhook\/x\?shop=1&v=1&uniqueKey=order-8&/,
		);
	});

	it.each([
		['more than 1 kB', metadata({ text: 'x'.repeat(1100) }), /"Metadata" is too long/],
		[
			'a name twice',
			{ additionalFields: { metadata: { entry: [1, 2].map((value) => ({ name: 'a', value })) } } },
			/"Metadata 2: Name" is used twice/,
		],
		[
			'a name that JavaScript keeps for itself',
			metadata({ ['__proto__']: '1' }),
			/"Metadata 1: Name" cannot be "__proto__"/,
		],
		['an entry without a name', metadata({ '': '1' }), /"Metadata 1: Name" is empty/],
	])('is refused with %s, before anything is sent', async (_what, parameters, message) => {
		expect(words(await create(parameters))).toMatch(message);
		expect(sandbox.requests).toEqual([]);
	});

	it('is refused in a webhook URL of more than 2,000 characters', async () => {
		const executed = await create({ uniqueKey: 'k'.repeat(1900) });
		expect(words(executed)).toMatch(/at most 2000 are possible/);
		expect(sandbox.requests).toEqual([]);
	});
});

describe('the hint above the output', () => {
	it('links the payment page and names the trigger’s address without its query', async () => {
		const { hints, items } = await create({ uniqueKey: 'order-9' });
		expect(hints).toHaveLength(1);
		expect(hints[0]).toContain(`<a href="${String(items[0].payment_link)}" target="_blank">`);
		expect(hints[0]).toContain(
			'the SafePays Trigger at https://n8n.example.com/webhook/safepays is notified.',
		);
	});

	it('warns of a test URL', async () => {
		const { hints } = await create(
			{},
			{ credentials: { defaultWebhookUrl: 'https://n8n.example.com/webhook-test/safepays' } },
		);
		expect(hints[0]).toContain('This is a test URL');
	});

	it.each([
		[{}, { defaultWebhookUrl: 'http://localhost:5678/webhook/safepays' }],
		[{ whenPaid: 'url', webhookUrl: 'http://192.168.1.5:5678/webhook/safepays' }, {}],
	])('warns of a private address, where SafePays cannot come (%j, %j)', async (given, fields) => {
		const invoice = { id: UNKNOWN_ID, status: 'Invoice Created' };
		const send = jest.spyOn(SafePaysClient.prototype, 'send');
		send.mockResolvedValue({ invoice } as never);
		const credentials = { baseUrl: 'https://app.safepays.com', ...fields };
		const { hints } = await create(given, { credentials });
		send.mockRestore();
		expect(hints[0]).toContain('SafePays cannot reach that private address');
	});

	it('is one for a run of many items', async () => {
		const { hints } = await execute(
			createWorld(sandbox, { baseUrl: 'https://n8n.example.com' }),
			createInvoices({}),
			{ items: bills(12) },
		);
		expect(hints).toHaveLength(1);
		expect(hints[0]).toContain('the first of 12 invoices');
	});

	it('says that this workflow is notified where a Wait for Payment node comes after', async () => {
		const json = createInvoices({ whenPaid: 'resume' });
		const after = json.nodes.find(({ name }) => name === 'After');
		Object.assign(after ?? {}, {
			type: 'n8n-nodes-safepays.safePays',
			credentials: { safePaysApi: { id: '1', name: 'SafePays' } },
			parameters: { resource: 'invoice', operation: 'waitForPayment' },
		});
		const { hints } = await execute(
			createWorld(sandbox, { baseUrl: 'https://n8n.example.com' }),
			json,
			{ items: bills(1) },
		);
		expect(hints[0]).toContain('this workflow is notified');
		Object.assign(after ?? {}, { disabled: true });
		const disabled = await execute(
			createWorld(sandbox, { baseUrl: 'https://n8n.example.com' }),
			json,
			{ items: bills(1) },
		);
		expect(disabled.hints[0]).toContain('no Wait for Payment node comes after');
	});
});
