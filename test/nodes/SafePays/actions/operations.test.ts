import type { INodeParameters } from 'n8n-workflow';

import { execute } from '../../../engine';
import { safePaysWorkflow } from '../../../engine/workflows';
import { closeAll, receiver } from '../../../sandbox/helpers';
import {
	API_KEY,
	billed,
	bills,
	faultAfter,
	ids,
	sentBodies,
	UNKNOWN_ID,
	runCreates,
	useSandbox,
	words,
	createWorld,
} from '../../../support';

const sandbox = useSandbox();
afterEach(closeAll);
const MAIN = { onError: 'continueRegularOutput' as const };
const ERROR_OUTPUT = { onError: 'continueErrorOutput' as const };

const run = async (parameters: INodeParameters, items = [{}]) =>
	await execute(createWorld(sandbox), safePaysWorkflow(parameters), { items });
const customer = (email = 'a@example.com') =>
	sandbox.books.createCustomer(API_KEY, { name: 'John', email });
const lastBody = () => sentBodies(sandbox).at(-1);

describe('Customer > Create', () => {
	const parameters = {
		resource: 'customer',
		operation: 'create',
		name: ' John Doe ',
		email: 'john@example.com',
	};

	it('sends no empty field', async () => {
		await run({
			...parameters,
			additionalFields: {
				group: '',
				preferredCurrency: '',
				city: ' ',
				zip: null,
			} as unknown as INodeParameters,
		});
		expect(lastBody()).toEqual({ name: 'John Doe', email: 'john@example.com' });
	});

	it('names no customer who existed before as created', async () => {
		customer('john@example.com');
		faultAfter(sandbox, 1, { kind: 'status', status: 400 });
		const failing = await run(
			{
				...parameters,
				ifExists: 'continue',
				email: '={{ $json.email }}',
				options: { maxConcurrency: 1 },
			},
			[{ email: 'john@example.com' }, { email: 'new@example.com' }],
		);
		expect(words(failing)).not.toMatch(/Created in this run|undefined/);
	});
});

describe('Customer > Get', () => {
	const paid = async () => {
		const { id } = customer();
		const invoices = [10, 20].map((amount) =>
			sandbox.books.createInvoice(API_KEY, { customer_id: id, amount }),
		);
		for (const invoice of invoices) await sandbox.pay(invoice.id);
		return { id, newestFirst: invoices.map((invoice) => invoice.id).reverse() };
	};

	it('gives out an item for each paid invoice, and none for none', async () => {
		const { id, newestFirst } = await paid();
		const none = customer('b@example.com').id;
		const executed = await run(
			{
				resource: 'customer',
				operation: 'get',
				customerId: '={{ $json.id }}',
				output: 'paidInvoices',
			},
			[{ id: none }, { id }],
		);
		expect(ids(executed.items)).toEqual(newestFirst);
		expect(executed.outputs[0].map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 1 },
			{ item: 1 },
		]);
	});
});

describe('Customer > Get, where the answer has another shape within,', () => {
	const paidInvoices = async (baseUrl: string, customerId: string, count = 1) =>
		await execute(
			createWorld(sandbox, { credentials: { baseUrl } }),
			safePaysWorkflow(
				{
					resource: 'customer',
					operation: 'get',
					customerId,
					output: 'paidInvoices',
					options: { maxConcurrency: 1 },
				},
				MAIN,
			),
			{ items: Array.from({ length: count }, () => ({})) },
		);

	it('takes an object with positions as keys for the list that it was', async () => {
		const { id } = customer();
		for (const amount of [10, 20])
			await sandbox.pay(sandbox.books.createInvoice(API_KEY, { customer_id: id, amount }).id);
		const { items } = await paidInvoices(sandbox.url, id);
		sandbox.addFault({ kind: 'paidInvoicesObject' });
		expect((await paidInvoices(sandbox.url, id)).items).toEqual(items);
		expect(items).toHaveLength(2);
	});

	it('fails the one item whose answer cannot be read, and no other', async () => {
		const good = [{ id: UNKNOWN_ID, amount: 5 }];
		const answers = [good, 'none', [null], null, good];
		const { url } = await receiver((nth, response) => {
			const customer = { id: UNKNOWN_ID };
			response.setHeader('Content-Type', 'application/json');
			response.end(
				JSON.stringify({ status: 'success', customer, paid_invoices: answers[nth - 1] }),
			);
		});
		const { items } = await paidInvoices(new URL(url).origin, UNKNOWN_ID, answers.length);
		const unreadable = {
			error: expect.stringContaining(
				'The answer of SafePays cannot be read: "paid_invoices" is not a list of invoices',
			) as unknown,
			details: { description: expect.any(String) as unknown },
		};
		expect(items).toEqual([...good, unreadable, unreadable, ...good]);
	});
});

describe('Simplify', () => {
	it('keeps ten fields of an invoice at most, and is off unless asked for', async () => {
		const { id } = sandbox.books.createInvoice(API_KEY, { email: 'a@example.com', amount: 5 });
		await sandbox.pay(id);
		const get = async (parameters: INodeParameters) =>
			(await run({ resource: 'invoice', operation: 'get', invoiceId: id, ...parameters })).items[0];
		expect(Object.keys(await get({}))).toContain('items');
		const simple = await get({ simplify: true });
		expect(Object.keys(simple).length).toBeLessThanOrEqual(10);
		expect(await get({})).toMatchObject(simple);
		expect(simple).toMatchObject({
			id,
			status: 'Paid',
			payment_link: expect.any(String) as unknown,
		});
	});

	it('keeps ten fields of a customer at most, and of each paid invoice', async () => {
		const { id } = customer();
		await sandbox.pay(sandbox.books.createInvoice(API_KEY, { customer_id: id, amount: 5 }).id);
		const get = async (parameters: INodeParameters) =>
			(await run({ resource: 'customer', operation: 'get', customerId: id, ...parameters }))
				.items[0];
		const simple = await get({ simplify: true });
		expect(Object.keys(simple).length).toBeLessThanOrEqual(10);
		expect(await get({})).toMatchObject(simple);
		expect(simple).toMatchObject({ id, total_paid_count: 1 });
		const invoice = await get({ simplify: true, output: 'paidInvoices' });
		expect(Object.keys(invoice).length).toBeLessThanOrEqual(10);
		expect(await get({ output: 'paidInvoices' })).toMatchObject(invoice);
	});
});

describe('Invoice > Get', () => {
	it.each([
		['an ID', (id: string) => ({ __rl: true, mode: 'id', value: id })],
		[
			'an address',
			(id: string) => ({ __rl: true, mode: 'url', value: `https://app.safepays.com/pay/${id}` }),
		],
		['a plain text', (id: string) => id],
	])('takes %s', async (_name, locator) => {
		const { id } = sandbox.books.createInvoice(API_KEY, { email: 'a@example.com', amount: 5 });
		expect(
			(
				await run({
					resource: 'invoice',
					operation: 'get',
					invoiceId: locator(id) as INodeParameters,
				})
			).items,
		).toMatchObject([{ id, status: 'Invoice Created' }]);
	});
});

describe('Invoice > Create', () => {
	const email = { resource: 'invoice', operation: 'create', email: 'john@example.com' };

	it('sends no empty field', async () => {
		const { items } = await run({
			...email,
			amount: 200,
			currency: '',
			whenPaid: 'nothing',
			additionalFields: { dueDate: '', redirectUrl: '' },
		});
		expect(lastBody()).toEqual({ email: 'john@example.com', amount: 200 });
		expect(items).toEqual([
			expect.objectContaining({
				id: [...sandbox.books.invoices.keys()][0],
				base_amount: 200,
				payment_link: expect.any(String) as unknown,
			}),
		]);
	});

	it('sends every field that is filled in', async () => {
		const additionalFields = {
			dueDate: '2026-04-17',
			redirectUrl: 'https://example.com/thanks',
		};
		const whenPaid = { whenPaid: 'url', webhookUrl: 'https://example.com/hook' };
		await run({ ...email, amount: '19.90', currency: 'eur', ...whenPaid, additionalFields });
		expect(lastBody()).toEqual({
			email: 'john@example.com',
			amount: 19.9,
			currency: 'EUR',
			due_date: '2026-04-17',
			redirect_url: 'https://example.com/thanks',
			webhook_url: 'https://example.com/hook',
		});
	});

	it('bills a customer', async () => {
		const { id } = customer();
		await run({
			...email,
			amount: 1,
			whenPaid: 'nothing',
			billTo: 'customer',
			customerId: {
				__rl: true,
				mode: 'url',
				value: `https://app.safepays.com/dashboard/customer/${id}`,
			},
		});
		expect(lastBody()).toEqual({ customer_id: id, amount: 1, currency: 'USD' });
	});

	const list = [
		{ title: 'Plan', qty: 2, price: 9.5 },
		{ title: 'Setup', qty: 1, price: 1 },
	];
	it.each([
		['fields', { lineItems: { item: list } }],
		['JSON text', { itemsFrom: 'json', lineItemsJson: JSON.stringify(list) }],
		['a list', { itemsFrom: 'json', lineItemsJson: '={{ $json.list }}' }],
	])('takes line items from %s', async (_name, parameters) => {
		const { items } = await run({ ...email, priceBy: 'items', ...parameters } as INodeParameters, [
			{ list },
		]);
		expect(lastBody()?.items).toEqual(list);
		expect(items).toMatchObject([{ base_amount: 20 }]);
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
});

describe('the items of a run', () => {
	it('come out in the order that they went in, each paired, however the answers arrive', async () => {
		sandbox.setLatency([0, 60]);
		const executed = await runCreates(sandbox, bills(30));
		expect(executed.items.map(({ email }) => email)).toEqual(bills(30).map(({ email }) => email));
		expect(executed.outputs[0].map(({ pairedItem }) => pairedItem)).toEqual(
			bills(30).map((_, item) => ({ item })),
		);
	});

	it('are none for none', async () => {
		expect((await runCreates(sandbox, [])).items).toEqual([]);
	});

	it('that are invalid fail before any request, naming field and item', async () => {
		const executed = await runCreates(sandbox, [
			...bills(1),
			{ email: 'nobody', amount: 1 },
			{ email: 'a@example.com', amount: 0 },
		]);
		expect(words(executed)).toMatch(
			/"Email" is not an email address: "nobody" \[item 1\][\s\S]*Nothing was sent to SafePays. 1 more item is not valid/,
		);
		expect(sandbox.requests).toEqual([]);
	});

	it('go on past an invalid one with Continue', async () => {
		const executed = await runCreates(
			sandbox,
			[{ email: 'nobody', amount: 1 }, ...bills(1)],
			{},
			MAIN,
		);
		expect(executed.items).toEqual([
			{
				error: '"Email" is not an email address: "nobody" [item 0]',
				details: { description: expect.any(String) as unknown, field: 'Email' },
			},
			expect.objectContaining({ email: 'payer0@example.com' }),
		]);
		expect(sandbox.requests).toHaveLength(1);
	});

	it('that fail come out as {error, details} on the error output, paired', async () => {
		faultAfter(sandbox, 1, {
			kind: 'status',
			status: 404,
			message: 'Customer not found',
			times: 1,
		});
		const executed = await runCreates(
			sandbox,
			bills(3),
			{ options: { maxConcurrency: 1 } },
			ERROR_OUTPUT,
		);
		expect(ids(executed.items)).toEqual([...sandbox.books.invoices.keys()]);
		expect(executed.errorItems).toMatchObject([
			{ error: 'SafePays says: Customer not found (404) [item 1]', details: { httpCode: '404' } },
		]);
		expect(executed.outputs[1][0].pairedItem).toMatchObject({ item: 1 });
	});

	it('stop at a failure without Continue; the error names what was created', async () => {
		faultAfter(sandbox, 2, { kind: 'status', status: 400, message: 'Invalid redirect_url' });
		const executed = await runCreates(sandbox, bills(5), { options: { maxConcurrency: 1 } });
		expect(executed.error?.httpCode).toBe('400');
		expect(words(executed)).toMatch(
			/SafePays says: Invalid redirect_url \(400\) \[item 2\]\nCheck the Redirect URL/,
		);
		expect(words(executed)).toContain(
			`Created in this run: ${[...sandbox.books.invoices.keys()].join(', ')}.`,
		);
		expect(billed(sandbox)).toHaveLength(2);
	});

	it('name fifty created invoices at most', async () => {
		faultAfter(sandbox, 60, { kind: 'status', status: 400 });
		const executed = await runCreates(sandbox, bills(61), { options: { maxConcurrency: 1 } });
		expect(words(executed)).toContain(' and 10 more.');
		expect(words(executed).match(/[0-9a-f]{8}-[0-9a-f-]{27}/g)).toHaveLength(50);
	});
});

it.each([
	['invoice', 'delete'],
	['customer', 'waitForPayment'],
	['constructor', 'create'],
	['invoice', 'constructor'],
])('says that there is no operation %s > %s', async (resource, operation) => {
	const executed = await run({ resource, operation, invoiceId: UNKNOWN_ID });
	expect(words(executed)).toMatch(
		new RegExp(`The operation ".*" of the resource "${resource}" does not exist`),
	);
	expect(sandbox.requests).toEqual([]);
});
