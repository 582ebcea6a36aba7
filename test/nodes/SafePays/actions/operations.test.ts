import type { INodeParameters } from 'n8n-workflow';

import { execute } from '../../../engine';
import { createInvoices, safePaysWorkflow } from '../../../engine/workflows';
import { API_KEY, billed, bills, faultAfter, ids, sentBodies, UNKNOWN_ID, useSandbox, words, worldOf } from '../../../support';

const sandboxOf = useSandbox();
const MAIN = { onError: 'continueRegularOutput' as const };
const ERROR_OUTPUT = { onError: 'continueErrorOutput' as const };

const run = async (parameters: INodeParameters, items = [{}], credentials = {}) =>
	await execute(worldOf(sandboxOf(), { credentials: { apiKey: API_KEY, baseUrl: sandboxOf().url, ...credentials } }), safePaysWorkflow(parameters), { items });
const customer = (email = 'a@example.com') => sandboxOf().books.createCustomer(API_KEY, { name: 'John', email });
const lastBody = () => sentBodies(sandboxOf()).at(-1);

describe('Customer > Create', () => {
	const parameters = { resource: 'customer', operation: 'create', name: ' John Doe ', email: 'john@example.com' };

	it('sends every field that is filled in, and gives out the customer', async () => {
		const additionalFields = { group: 'Premium', preferredCurrency: 'eur', addressLine1: '123 Main Street', addressLine2: 'Apt 4B', city: 'New York', state: 'NY', zip: 10001, country: 'USA' };
		const { items } = await run({ ...parameters, additionalFields });
		expect(lastBody()).toEqual({
			name: 'John Doe', email: 'john@example.com', group: 'Premium', preferred_currency: 'EUR', address_line1: '123 Main Street',
			address_line2: 'Apt 4B', city: 'New York', state: 'NY', zip: '10001', country: 'USA',
		});
		expect(items).toEqual([expect.objectContaining({ id: [...sandboxOf().books.customers.keys()][0], address_line2: 'Apt 4B' })]);
	});

	it('sends no empty field', async () => {
		await run({ ...parameters, additionalFields: { group: '', preferredCurrency: '', city: ' ', zip: null } as unknown as INodeParameters });
		expect(lastBody()).toEqual({ name: 'John Doe', email: 'john@example.com' });
	});

	it('fails for a customer who exists, and says what to do', async () => {
		customer('john@example.com');
		expect(words(await run(parameters))).toMatch(/Customer with this email already exists \(409\) \[item 0\][\s\S]*"If Customer Exists"/);
	});

	it('gives out an item for a customer who exists, if asked to', async () => {
		customer('john@example.com');
		expect((await run({ ...parameters, ifExists: 'continue' })).items).toEqual([{ alreadyExists: true, name: 'John Doe', email: 'john@example.com' }]);
	});

	it('names no customer who existed before as created', async () => {
		customer('john@example.com');
		faultAfter(sandboxOf(), 1, { kind: 'status', status: 400 });
		const failing = await run({ ...parameters, ifExists: 'continue', email: '={{ $json.email }}', options: { maxConcurrency: 1 } }, [{ email: 'john@example.com' }, { email: 'new@example.com' }]);
		expect(words(failing)).not.toMatch(/Created in this run|undefined/);
	});
});

describe('Customer > Get', () => {
	const paid = async () => {
		const { id } = customer();
		const invoices = [10, 20].map((amount) => sandboxOf().books.createInvoice(API_KEY, { customer_id: id, amount }));
		for (const invoice of invoices) await sandboxOf().pay(invoice.id);
		return { id, newestFirst: invoices.map((invoice) => invoice.id).reverse() };
	};

	it('gives out the customer with totals and paid invoices', async () => {
		const { id, newestFirst } = await paid();
		const [item] = (await run({ resource: 'customer', operation: 'get', customerId: { __rl: true, mode: 'id', value: id } })).items;
		expect(item).toMatchObject({ id, total_paid_count: 2, total_paid_amount: { USD: 31.8 }, customer_url: expect.stringContaining(`/dashboard/customer/${id}`) as unknown });
		expect(ids(item.paid_invoices as never)).toEqual(newestFirst);
	});

	it('gives out an item for each paid invoice, and none for none', async () => {
		const { id, newestFirst } = await paid();
		const none = customer('b@example.com').id;
		const executed = await run({ resource: 'customer', operation: 'get', customerId: '={{ $json.id }}', output: 'paidInvoices' }, [{ id: none }, { id }]);
		expect(ids(executed.items)).toEqual(newestFirst);
		expect(executed.outputs[0].map(({ pairedItem }) => pairedItem)).toEqual([{ item: 1 }, { item: 1 }]);
	});
});

describe('Invoice > Get', () => {
	it.each([
		['an ID', (id: string) => ({ __rl: true, mode: 'id', value: id })],
		['an address', (id: string) => ({ __rl: true, mode: 'url', value: `https://app.safepays.com/pay/${id}` })],
		['a plain text', (id: string) => id],
	])('takes %s', async (_name, locator) => {
		const { id } = sandboxOf().books.createInvoice(API_KEY, { email: 'a@example.com', amount: 5 });
		expect((await run({ resource: 'invoice', operation: 'get', invoiceId: locator(id) as INodeParameters })).items).toMatchObject([{ id, status: 'Invoice Created' }]);
	});
});

describe('Invoice > Create', () => {
	const email = { resource: 'invoice', operation: 'create', email: 'john@example.com' };

	it('sends no empty field', async () => {
		const { items } = await run({ ...email, amount: 200, currency: '', additionalFields: { dueDate: '', redirectUrl: '', webhookUrl: '' } });
		expect(lastBody()).toEqual({ email: 'john@example.com', amount: 200 });
		expect(items).toEqual([expect.objectContaining({ id: [...sandboxOf().books.invoices.keys()][0], base_amount: 200, payment_link: expect.any(String) as unknown })]);
	});

	it('sends every field that is filled in', async () => {
		const additionalFields = { dueDate: '2026-04-17', redirectUrl: 'https://example.com/thanks', webhookUrl: 'https://example.com/hook' };
		await run({ ...email, amount: '19.90', currency: 'eur', additionalFields });
		expect(lastBody()).toEqual({
			email: 'john@example.com', amount: 19.9, currency: 'EUR', due_date: '2026-04-17', redirect_url: 'https://example.com/thanks', webhook_url: 'https://example.com/hook',
		});
	});

	it('bills a customer', async () => {
		const { id } = customer();
		await run({ ...email, amount: 1, billTo: 'customer', customerId: { __rl: true, mode: 'url', value: `https://app.safepays.com/dashboard/customer/${id}` } });
		expect(lastBody()).toEqual({ customer_id: id, amount: 1, currency: 'USD' });
	});

	const list = [{ title: 'Plan', qty: 2, price: 9.5 }, { title: 'Setup', qty: 1, price: 1 }];
	it.each([
		['fields', { lineItems: { item: list } }],
		['JSON text', { itemsFrom: 'json', lineItemsJson: JSON.stringify(list) }],
		['a list', { itemsFrom: 'json', lineItemsJson: '={{ $json.list }}' }],
	])('takes line items from %s', async (_name, parameters) => {
		const { items } = await run({ ...email, priceBy: 'items', ...parameters } as INodeParameters, [{ list }]);
		expect(lastBody()?.items).toEqual(list);
		expect(items).toMatchObject([{ base_amount: 20 }]);
	});

	it('uses the credential’s Default Webhook URL where an invoice names none', async () => {
		const credentials = { defaultWebhookUrl: 'https://example.com/default' };
		await run({ ...email, amount: 1 }, [{}], credentials);
		await run({ ...email, amount: 1, additionalFields: { webhookUrl: 'https://example.com/own' } }, [{}], credentials);
		expect(sentBodies(sandboxOf()).map(({ webhook_url }) => webhook_url)).toEqual(['https://example.com/default', 'https://example.com/own']);
	});

	it.each([
		['2026-04-17T00:00:00', '2026-04-17'],
		['2026-04-17T23:30:00Z', '2026-04-18'],
		['2026-04-17T00:30:00+14:00', '2026-04-16'],
		['={{ DateTime.fromISO("2026-04-17T23:30:00Z") }}', '2026-04-18'],
		['={{ new Date("2026-04-17T23:30:00Z") }}', '2026-04-18'],
	])('is due on the day in the workflow’s time zone (Berlin): %s', async (dueDate, day) => {
		await run({ ...email, amount: 1, additionalFields: { dueDate } });
		expect(lastBody()?.due_date).toBe(day);
	});

	it('is due in three days with {{ $now.plus(3, "days") }}', async () => {
		await run({ ...email, amount: 1, additionalFields: { dueDate: '={{ $now.plus(3, "days") }}' } });
		const expected = [0, 1].map((late) => new Date(Date.now() + 3 * 86_400_000 - late * 5000).toLocaleDateString('sv-SE', { timeZone: 'Europe/Berlin' }));
		expect(expected).toContain(lastBody()?.due_date);
	});
});

describe('the items of a run', () => {
	it('come out in the order that they went in, each paired, however the answers arrive', async () => {
		sandboxOf().setLatency([0, 60]);
		const executed = await execute(worldOf(sandboxOf()), createInvoices(), { items: bills(30) });
		expect(executed.items.map(({ email }) => email)).toEqual(bills(30).map(({ email }) => email));
		expect(executed.outputs[0].map(({ pairedItem }) => pairedItem)).toEqual(bills(30).map((_, item) => ({ item })));
	});

	it('are none for none', async () => {
		expect((await execute(worldOf(sandboxOf()), createInvoices(), { items: [] })).items).toEqual([]);
	});

	it('that are invalid fail before any request, naming field and item', async () => {
		const executed = await execute(worldOf(sandboxOf()), createInvoices(), { items: [...bills(1), { email: 'nobody', amount: 1 }, { email: 'a@example.com', amount: 0 }] });
		expect(words(executed)).toMatch(/"Email" is not an email address: "nobody" \[item 1\][\s\S]*Nothing was sent to SafePays. 1 more item has a problem/);
		expect(sandboxOf().requests).toEqual([]);
	});

	it('go on past an invalid one with Continue', async () => {
		const executed = await execute(worldOf(sandboxOf()), createInvoices({}, MAIN), { items: [{ email: 'nobody', amount: 1 }, ...bills(1)] });
		expect(executed.items).toEqual([
			{ error: '"Email" is not an email address: "nobody" [item 0]', details: { description: expect.any(String) as unknown, field: 'Email' } },
			expect.objectContaining({ email: 'payer0@example.com' }),
		]);
		expect(sandboxOf().requests).toHaveLength(1);
	});

	it('that fail come out as {error, details} on the error output, paired', async () => {
		faultAfter(sandboxOf(), 1, { kind: 'status', status: 404, message: 'Customer not found', times: 1 });
		const executed = await execute(worldOf(sandboxOf()), createInvoices({ options: { maxConcurrency: 1 } }, ERROR_OUTPUT), { items: bills(3) });
		expect(ids(executed.items)).toEqual([...sandboxOf().books.invoices.keys()]);
		expect(executed.errorItems).toMatchObject([{ error: 'SafePays says: Customer not found (404) [item 1]', details: { httpCode: '404' } }]);
		expect(executed.outputs[1][0].pairedItem).toMatchObject({ item: 1 });
	});

	it('stop at a failure without Continue; the error names what was created', async () => {
		faultAfter(sandboxOf(), 2, { kind: 'status', status: 400, message: 'Invalid redirect_url' });
		const executed = await execute(worldOf(sandboxOf()), createInvoices({ options: { maxConcurrency: 1 } }), { items: bills(5) });
		expect(executed.error?.httpCode).toBe('400');
		expect(words(executed)).toMatch(/SafePays says: Invalid redirect_url \(400\) \[item 2\]\nCheck the Redirect URL/);
		expect(words(executed)).toContain(`Created in this run: ${[...sandboxOf().books.invoices.keys()].join(', ')}.`);
		expect(billed(sandboxOf())).toHaveLength(2);
	});

	it('name fifty created invoices at most', async () => {
		faultAfter(sandboxOf(), 60, { kind: 'status', status: 400 });
		const executed = await execute(worldOf(sandboxOf()), createInvoices({ options: { maxConcurrency: 1 } }), { items: bills(61) });
		expect(words(executed)).toContain(' and 10 more.');
		expect(words(executed).match(/[0-9a-f]{8}-[0-9a-f-]{27}/g)).toHaveLength(50);
	});
});

it.each([
	['invoice', 'delete'],
	['customer', 'createAndWait'],
	['constructor', 'create'],
	['invoice', 'constructor'],
])('says that there is no operation %s > %s', async (resource, operation) => {
	const executed = await run({ resource, operation, invoiceId: UNKNOWN_ID });
	expect(words(executed)).toMatch(new RegExp(`The operation ".*" of the resource "${resource}" does not exist`));
	expect(sandboxOf().requests).toEqual([]);
});
