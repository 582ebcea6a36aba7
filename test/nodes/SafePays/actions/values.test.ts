import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { execute } from '../../../engine';
import { safePaysWorkflow } from '../../../engine/workflows';
import { API_KEY, sentBodies, UNKNOWN_ID, useSandbox, words, createWorld } from '../../../support';

/** What goes out for odd values, or what is said of them: real workflows on n8n's engine. */
const sandbox = useSandbox();

const ZERO_WIDTH = '\u200b';

const run = async (
	parameters: INodeParameters,
	{ json = {}, credentials = {} } = {} as { json?: IDataObject; credentials?: IDataObject },
) =>
	await execute(
		createWorld(sandbox, {
			credentials: credentials as never,
		}),
		safePaysWorkflow(parameters),
		{ items: [json] },
	);

const invoice = { resource: 'invoice', operation: 'create', email: 'bob@x.co', amount: 200 };
const person = { resource: 'customer', operation: 'create', name: 'Bob', email: 'bob@x.co' };

/** What was sent for an item whose JSON is `{value}`. */
async function sent(parameters: INodeParameters, value: unknown) {
	const executed = await run(parameters, { json: { value: value as never } });
	expect(executed.error?.message).toBeUndefined();
	return sentBodies(sandbox).at(-1) as IDataObject;
}

async function refused(parameters: INodeParameters, value: unknown, says: RegExp): Promise<string> {
	const executed = await run(parameters, { json: { value: value as never } });
	expect(sentBodies(sandbox)).toEqual([]);
	expect(executed.error?.message ?? '').toMatch(says);
	return words(executed);
}

const wait = { resource: 'invoice', operation: 'waitForPayment', invoiceId: UNKNOWN_ID };

const VALUE = '={{ $json.value }}';
const oneItem = (item: IDataObject) => ({
	...invoice,
	priceBy: 'items',
	lineItems: { item: [{ title: 'Plan', qty: 1, price: 1, ...item }] },
});

// What each of these fields takes and refuses is in validation.test.ts and dueDate.test.ts.
it.each<[string, INodeParameters, unknown, RegExp]>([
	['Amount', { ...invoice, amount: VALUE }, '19,90', /is not a number/],
	['Line Items 1: Price', oneItem({ price: VALUE }), 19.999, /has more than two decimals/],
	['Line Items 1: Title', oneItem({ title: VALUE }), ZERO_WIDTH, /is empty/],
	['Currency', { ...invoice, currency: VALUE }, 'Euro', /is not/],
	['Email', { ...invoice, email: VALUE }, 'bob@x..co', /is not an email address/],
	[
		'Due Date',
		{ ...invoice, additionalFields: { dueDate: VALUE } },
		'01/02/2026',
		/is not a date with one meaning: .*\n.*2026-12-31.*31 Dec 2026.*milliseconds since 1970/,
	],
	[
		'Redirect URL',
		{ ...invoice, additionalFields: { redirectUrl: VALUE } },
		'example.com/thanks',
		/is not a web address/,
	],
	['Email', { ...person, email: VALUE }, ['bob@x.co'], /is not a text/],
	['Name', { ...person, name: VALUE }, '\u00ad\ufeff', /is empty/],
	['ZIP', { ...person, additionalFields: { zip: VALUE } }, { first: 'A' }, /is not a text/],
	['ZIP', { ...person, additionalFields: { zip: '={{ NaN }}' } }, '', /is not a text/],
	[
		'Preferred Currency',
		{ ...person, additionalFields: { preferredCurrency: VALUE } },
		'€',
		/is not/,
	],
])(
	'a %s that is not valid is named, and nothing is sent',
	async (field, parameters, value, what) => {
		expect(await refused(parameters, value, new RegExp(`^"${field}" `))).toMatch(what);
	},
);

it('texts, emails and addresses are cleaned at their ends, and keep what is within', async () => {
	const family = 'Zoë \u{1f468}\u200d\u{1f469} \u2764\ufe0f';
	const around = (text: string) => `\ufeff ${ZERO_WIDTH}${text}${ZERO_WIDTH}\r\n`;
	const ann = { ...person, email: 'ann@x.co', name: VALUE };
	expect(await sent(ann, around(family))).toMatchObject({ name: family });
	expect(await sent(oneItem({ title: VALUE }), around(family))).toMatchObject({
		items: [{ title: family }],
	});
	for (const record of [invoice, person])
		expect(await sent({ ...record, email: VALUE }, around('bob@x.co'))).toMatchObject({
			email: 'bob@x.co',
		});
	const additionalFields = { redirectUrl: VALUE };
	expect(
		await sent({ ...invoice, additionalFields }, around('https://example.com/thanks')),
	).toMatchObject({ redirect_url: 'https://example.com/thanks' });
});

it('money from a text or a sum goes out with its cents', async () => {
	const tenths = Array.from({ length: 10_000 }, () => 0.1).reduce((sum, tenth) => sum + tenth);
	for (const [value, expected] of [
		[` 19.9${ZERO_WIDTH}\n`, 19.9],
		[tenths, 1000],
	]) {
		expect(await sent({ ...invoice, amount: VALUE }, value)).toMatchObject({ amount: expected });
		expect(await sent(oneItem({ price: VALUE }), value)).toMatchObject({
			items: [{ price: expected }],
		});
	}
});

describe('a choice that does not exist is named, and nothing is sent', () => {
	it.each([
		[{ ...invoice, billTo: 'phone' }, /^"Bill To" has the unknown value "phone"/],
		[{ ...invoice, priceBy: 'weight' }, /^"Price By" has the unknown value "weight"/],
		[
			{ ...invoice, priceBy: 'items', itemsFrom: 'csv' },
			/^"Specify Line Items" has the unknown value "csv"/,
		],
		[{ ...person, ifExists: 'ignore' }, /^"If Customer Exists" has the unknown value "ignore"/],
		[
			{ resource: 'customer', operation: 'get', customerId: UNKNOWN_ID, output: 'invoices' },
			/^"Return" has the unknown value "invoices"/,
		],
		[{ ...wait, waitUnit: 'weeks' }, /^"Wait Unit" has the unknown value "weeks"/],
		[{ ...wait, limitWaitTime: '={{ "never" }}' }, /^"Limit Wait Time" /],
		[{ ...wait, waitAmount: 1e12 }, /^"Wait Amount" must be from 0 to 100000/],
		[{ ...wait, resumeOn: 'failed' }, /^"Resume On" has the unknown value "failed"/],
		[{ ...wait, waitAmount: 'soon' }, /^"Wait Amount" is not a number: "soon"/],
		[{ ...wait, waitAmount: -1 }, /^"Wait Amount" must be from 0 to 100000, but is -1/],
	])('%j', async (parameters, says) => {
		expect(await refused(parameters as INodeParameters, '', says)).toMatch(/\n.+/);
	});
});

describe('line items as Get returns them', () => {
	it('are understood, so that an invoice can be copied', async () => {
		const original = sandbox.books.createInvoice(API_KEY, {
			email: 'a@example.com',
			items: [{ title: 'Plan', qty: 2, price: 9.5 }],
		});
		const [copied] = (await run({ resource: 'invoice', operation: 'get', invoiceId: original.id }))
			.items;
		expect(copied.items).toEqual([{ name: 'Plan', qty: 2, price: 9.5 }]);
		const body = await sent(
			{ ...invoice, priceBy: 'items', itemsFrom: 'json', lineItemsJson: '={{ $json.value }}' },
			copied.items,
		);
		expect(body.items).toEqual([{ title: 'Plan', qty: 2, price: 9.5 }]);
	});
});

describe('the address of an invoice', () => {
	const get = async (value: string, json = {}) =>
		await run(
			{
				resource: 'invoice',
				operation: 'get',
				invoiceId: { __rl: true, mode: 'url', value },
			},
			{ json },
		);

	it.each(['https://app.safepays.com/pay/', 'app.safepays.com/pay/', ' www.safepays.com/pay/'])(
		'is taken with %s in front of the ID',
		async (address) => {
			const { id } = sandbox.books.createInvoice(API_KEY, { email: 'a@x.co', amount: 5 });
			const value = `${address}${id}?a=b\n`;
			expect((await get('={{ $json.value }}', { value })).items).toMatchObject([{ id }]);
			expect((await get(value)).items).toMatchObject([{ id }]);
		},
	);

	it.each([
		'https://www.fanbasis.com/agency-checkout/ibubble/V7V1O',
		'fanbasis.com/agency-checkout/ibubble/V7V1O',
	])('of SafePays’ checkout has no ID in it, and the error says so: %s', async (value) => {
		expect(words(await get('={{ $json.value }}', { value }))).toMatch(
			/"Invoice" is a payment link, which has no invoice ID in it[^]*Use the "id" of the created invoice/,
		);
		// The editor says it, and n8n when the workflow is started all the same; n8n 1 only that there is something.
		await expect(get(value)).rejects.toThrow(
			/(- A payment link has no invoice ID in it. Choose By ID, and use the "id" of the created invoice.|The workflow has issues .*)$/,
		);
	});
});

describe('the API key', () => {
	it('signs a webhook URL alike, with what nobody sees behind it', async () => {
		const defaultWebhookUrl = 'https://n8n.example.com/webhook/safepays';
		for (const apiKey of [API_KEY, `${API_KEY}${ZERO_WIDTH}\n`])
			await run(
				{ ...invoice, uniqueKey: `order-1` },
				{ credentials: { apiKey, defaultWebhookUrl } },
			);
		const [first, second] = sentBodies(sandbox).map(({ webhook_url }) => String(webhook_url));
		expect(new URL(first).searchParams.has('signature')).toBe(true);
		expect(second).toBe(first);
	});

	it('does not show in an answer either, with a line end behind it', async () => {
		sandbox.addFault({ kind: 'echoKey', status: 400 });
		const { saved } = await run(invoice, { credentials: { apiKey: `${API_KEY}\n` } });
		expect(saved).toContain('***');
		expect(saved).not.toContain(API_KEY);
	});
});

describe('options out of range are refused', () => {
	it.each([
		[{ maxConcurrency: 0 }, /^"Parallel Requests" must be from 1 to 100, but is 0/],
		[{ maxConcurrency: 101 }, /^"Parallel Requests" must be from 1 to 100, but is 101/],
		[{ maxConcurrency: 2.5 }, /^"Parallel Requests" must be a whole number, but is 2.5/],
		[{ timeout: 0 }, /^"Timeout \(Seconds\)" must be from 0.1 to 3600, but is 0/],
		[{ timeout: 'long' }, /^"Timeout \(Seconds\)" is not a number: "long"/],
		[{ rateLimitWait: -1 }, /^"Rate Limit Wait \(Seconds\)" must be from 0 to 86400, but is -1/],
	])('%j', async (options, says) => {
		await refused({ ...invoice, options } as INodeParameters, '', says);
	});
});
