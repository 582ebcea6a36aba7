import { randomUUID } from 'node:crypto';

import type { Sandbox } from '../../sandbox';
import {
	KEY,
	closeAll,
	createCustomer,
	createInvoice,
	getCustomer,
	getInvoice,
	post,
	sandboxWith,
	stoppedClock,
} from './helpers';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let clock: ReturnType<typeof stoppedClock>;
let sandbox: Sandbox;

beforeEach(async () => {
	clock = stoppedClock('2026-03-17T10:30:00Z');
	sandbox = await sandboxWith({ apiKeys: [KEY, 'second-key'], now: clock.now });
});

afterEach(closeAll);

describe('create customer', () => {
	it("answers the documents' example with the documents' fields", async () => {
		const profile = {
			name: 'John Doe',
			email: 'john.doe@example.com',
			group: 'Premium Customers',
			preferred_currency: 'USD',
			address_line1: '123 Main Street',
			address_line2: 'Apt 4B',
			city: 'New York',
			state: 'NY',
			zip: '10001',
			country: 'USA',
		};
		const response = await post(`${sandbox.url}/api/v2/customer`, { api_key: KEY, ...profile });
		expect(response.status).toBe(201);
		expect(await response.json()).toEqual({
			status: 'success',
			message: 'Customer created successfully',
			customer: {
				id: expect.stringMatching(UUID),
				...profile,
				created_on: '2026-03-17 10:30:00',
			},
		});
	});

	it('defaults the currency to USD and leaves out nothing', async () => {
		expect(await createCustomer(sandbox)).toMatchObject({
			preferred_currency: 'USD',
			group: null,
			zip: null,
		});
	});

	it('keeps e-mail addresses unique in each account, whatever their case', async () => {
		await createCustomer(sandbox);
		const again = { name: 'Other', email: 'John.Doe@example.com' };
		const response = await post(`${sandbox.url}/api/v2/customer`, { api_key: KEY, ...again });
		expect(response.status).toBe(409);
		expect(await response.json()).toEqual({ error: 'Customer with this email already exists' });
		await createCustomer(sandbox, { api_key: 'second-key' });
	});
});

describe('get customer', () => {
	it('lists the paid invoices, newest payment first, and sums them by currency', async () => {
		const { id, ...profile } = await createCustomer(sandbox);
		const first = await createInvoice(sandbox, { customer_id: id, amount: 0.1 });
		const second = await createInvoice(sandbox, { customer_id: id, amount: 0.2 });
		const euros = await createInvoice(sandbox, { customer_id: id, amount: 10, currency: 'EUR' });
		await createInvoice(sandbox, { customer_id: id, amount: 999 });
		await sandbox.pay(second.id);
		clock.advanceSeconds(1);
		await sandbox.pay(first.id);
		clock.advanceSeconds(1);
		await sandbox.pay(euros.id);

		const details = await getCustomer(sandbox, id);
		expect(details).toEqual({
			status: 'success',
			customer: { id, ...profile },
			customer_url: `${sandbox.url}/dashboard/customer/${id}`,
			paid_invoices: expect.any(Array),
			total_paid_count: 3,
			total_paid_amount: { USD: 0.32, EUR: 10.6 },
		});
		expect(details.paid_invoices.map((invoice) => invoice.id)).toEqual([
			euros.id,
			first.id,
			second.id,
		]);
		expect(details.paid_invoices[0]).toEqual(await getInvoice(sandbox, euros.id));
	});

	it('forgets a payment that is taken back', async () => {
		const { id } = await createCustomer(sandbox);
		const invoice = await createInvoice(sandbox, { customer_id: id });
		await sandbox.pay(invoice.id);
		sandbox.setStatus(invoice.id, 'Failed');
		expect(await getCustomer(sandbox, id)).toMatchObject({
			paid_invoices: [],
			total_paid_count: 0,
			total_paid_amount: {},
		});
	});
});

describe('create invoice', () => {
	it("answers the documents' example with the documents' fields", async () => {
		const customer = await createCustomer(sandbox, { email: 'jane@example.com' });
		const response = await post(`${sandbox.url}/api/v2/invoice`, {
			api_key: KEY,
			customer_id: customer.id,
			email: 'john@example.com',
			amount: 1,
			currency: 'USD',
			items: [{ title: 'Monthly Plan', qty: 1, price: 200.0 }],
			due_date: '2026-04-17',
			redirect_url: 'https://yoursite.com/thank-you',
			webhook_url: 'https://yoursite.com/webhooks/safepays',
		});
		expect(response.status).toBe(201);
		expect(await response.json()).toEqual({
			status: 'success',
			message: 'Invoice created successfully',
			invoice: {
				id: expect.stringMatching(UUID),
				amount: 212,
				base_amount: 200,
				currency: 'USD',
				payment_link: expect.stringMatching(`^${sandbox.url}/agency-checkout/sandbox/[0-9A-Z]+$`),
				fanbasis_checkout_session_id: expect.any(Number),
				status: 'Invoice Created',
				email: 'jane@example.com',
				customer_id: customer.id,
				items: [{ title: 'Monthly Plan', qty: 1, price: 200 }],
				due_date: '2026-04-17',
				created_on: '17 Mar, 2026',
			},
		});
	});

	it('makes one item of an amount, due in 30 days, in USD', async () => {
		expect(await createInvoice(sandbox, { amount: 200 })).toMatchObject({
			items: [{ title: 'Payment', qty: 1, price: 200 }],
			due_date: '2026-04-16',
			currency: 'USD',
			customer_id: null,
			email: 'john@example.com',
		});
	});

	it('finds the customer of an e-mail address, in the same account only', async () => {
		const customer = await createCustomer(sandbox, { email: 'john@example.com' });
		expect(await createInvoice(sandbox)).toMatchObject({ customer_id: customer.id });
		expect(await createInvoice(sandbox, { api_key: 'second-key' })).toMatchObject({
			customer_id: null,
		});
	});

	it.each([
		[{ amount: 200 }, 200, 212],
		[{ amount: 0.1 }, 0.1, 0.11],
		[{ amount: 1.005 }, 1.01, 1.07],
		[{ items: [{ title: 'A', qty: 3, price: 0.1 }] }, 0.3, 0.32],
		[
			{
				items: [
					{ title: 'A', qty: 1, price: 0.1 },
					{ title: 'B', qty: 1, price: 0.2 },
				],
			},
			0.3,
			0.32,
		],
		[
			{
				items: [
					{ title: 'A', qty: 2, price: 150 },
					{ title: 'Less', qty: 1, price: -50.5 },
				],
			},
			249.5,
			264.47,
		],
		[{ items: [{ title: 'Hours', qty: 1.5, price: 33.33 }] }, 50, 53],
		[{ amount: 1_000_000.75 }, 1_000_000.75, 1_060_000.8],
	])('charges %j as %d plus the fee: %d', async (price, base, charged) => {
		const invoice = await createInvoice(sandbox, { amount: undefined, ...price });
		expect([invoice.base_amount, invoice.amount]).toEqual([base, charged]);
	});

	it('charges the fee it is told to', async () => {
		const free = await sandboxWith({ feePercent: 0 });
		expect(await createInvoice(free, { amount: 10 })).toMatchObject({ amount: 10 });
		const odd = await sandboxWith({ feePercent: 2.9 });
		expect(await createInvoice(odd, { amount: 50 })).toMatchObject({ amount: 51.45 });
	});
});

describe('get invoice', () => {
	it("shows the documents' fields before and after the payment", async () => {
		const customer = await createCustomer(sandbox);
		const { id } = await createInvoice(sandbox, {
			customer_id: customer.id,
			amount: undefined,
			items: [
				{ title: 'Product A', qty: 2, price: 50 },
				{ title: 'Product B', qty: 1, price: 25 },
			],
		});
		const unpaid = {
			id,
			amount: 132.5,
			currency: 'USD',
			email: 'john.doe@example.com',
			provider: null,
			status: 'Invoice Created',
			created_on: '17 Mar, 2026',
			paid_on: null,
			payment_link: `${sandbox.url}/pay/${id}`,
			items: [
				{ name: 'Product A', qty: 2, price: 50 },
				{ name: 'Product B', qty: 1, price: 25 },
			],
			due_date: '2026-04-16',
			customer_id: customer.id,
		};
		expect(await getInvoice(sandbox, id)).toEqual(unpaid);

		clock.advanceSeconds(24 * 60 * 60);
		await sandbox.pay(id);
		expect(await getInvoice(sandbox, id)).toEqual({
			...unpaid,
			provider: 'card',
			status: 'Paid',
			paid_on: '18 Mar, 2026',
		});
	});

	it('becomes Unpaid the day after the due date', async () => {
		const { id } = await createInvoice(sandbox, { due_date: '2026-03-18' });
		clock.advanceSeconds(24 * 60 * 60);
		expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Invoice Created' });
		clock.advanceSeconds(24 * 60 * 60);
		expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Unpaid' });
		await sandbox.pay(id);
		expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Paid' });
	});

	it('leaves a failed payment failed after the due date', async () => {
		const { id } = await createInvoice(sandbox);
		await sandbox.decline(id);
		clock.advanceSeconds(60 * 24 * 60 * 60);
		expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Failed' });
	});
});

describe('refusals', () => {
	const john = { name: 'John', email: 'john@example.com' };
	const bill = { email: 'john@example.com', amount: 200 };
	const item = { title: 'A', qty: 1, price: 1 };

	const BANNED = 'This vendor account has been banned.';
	const NO_AMOUNT = 'Invoice amount must be greater than 0';
	const BAD_ITEM = 'Each item must include title, qty and price';
	const BAD_DATE = 'Invalid due_date format. Use YYYY-MM-DD';

	it.each([
		['customer', { ...john, api_key: undefined }, 401, 'api_key is required'],
		['customer', { ...john, api_key: 'wrong' }, 401, 'Invalid API Key'],
		['customer', { ...john, api_key: ['sandbox-key'] }, 401, 'Invalid API Key'],
		['customer', { ...john, api_key: 'sandbox-banned-key' }, 403, BANNED],
		['customer', { name: 'John' }, 400, 'name and email are required'],
		['customer', { email: john.email, name: '  ' }, 400, 'name and email are required'],
		['customer', { ...john, email: 'john' }, 400, 'Invalid email format'],
		['invoice', { ...bill, api_key: undefined }, 401, 'api_key is required'],
		['invoice', { ...bill, api_key: 'wrong' }, 401, 'Invalid API Key'],
		['invoice', { ...bill, api_key: 'sandbox-banned-key' }, 403, BANNED],
		['invoice', { amount: 200 }, 400, 'email or customer_id is required'],
		['invoice', { email: 'john', amount: 200 }, 400, 'Invalid email format'],
		['invoice', { email: bill.email }, 400, 'amount or items are required'],
		['invoice', { email: bill.email, items: [] }, 400, 'amount or items are required'],
		['invoice', { ...bill, amount: 0 }, 400, NO_AMOUNT],
		['invoice', { ...bill, amount: -1 }, 400, NO_AMOUNT],
		['invoice', { ...bill, amount: 0.004 }, 400, NO_AMOUNT],
		['invoice', { ...bill, amount: 'many' }, 400, NO_AMOUNT],
		['invoice', { ...bill, items: [{ ...item, qty: 0 }] }, 400, NO_AMOUNT],
		['invoice', { ...bill, items: [{ ...item, title: '' }] }, 400, BAD_ITEM],
		['invoice', { ...bill, items: [{ ...item, price: '1' }] }, 400, BAD_ITEM],
		['invoice', { ...bill, items: [null] }, 400, BAD_ITEM],
		['invoice', { ...bill, items: 'A' }, 400, 'items must be a list'],
		['invoice', { ...bill, redirect_url: 'nowhere' }, 400, 'Invalid redirect_url'],
		['invoice', { ...bill, redirect_url: 'javascript:alert(1)' }, 400, 'Invalid redirect_url'],
		['invoice', { ...bill, webhook_url: 'ftp://example.com' }, 400, 'Invalid webhook_url'],
		['invoice', { ...bill, due_date: '17.04.2026' }, 400, BAD_DATE],
		['invoice', { ...bill, due_date: '2026-02-30' }, 400, BAD_DATE],
		['invoice', { ...bill, due_date: '2026-13-01' }, 400, BAD_DATE],
		['invoice', { ...bill, customer_id: randomUUID() }, 404, 'Customer not found'],
	])('answer a POST of %s %j with %d %s', async (route, fields, status, error) => {
		const response = await post(`${sandbox.url}/api/v2/${route}`, { api_key: KEY, ...fields });
		expect([response.status, await response.json()]).toEqual([status, { error }]);
		expect(sandbox.books.customers.size + sandbox.books.invoices.size).toBe(0);
	});

	it.each([
		['customer', '', 400, 'api_key parameter is required'],
		['customer', '?api_key=', 400, 'api_key parameter is required'],
		['customer', '?api_key=wrong', 401, 'Invalid API Key'],
		['customer', '?api_key=sandbox-key', 404, 'Customer not found'],
		['invoice', '', 400, 'api_key parameter is required'],
		['invoice', '?api_key=wrong', 401, 'Invalid API Key'],
		['invoice', '?api_key=sandbox-banned-key', 403, 'This vendor account has been banned.'],
		['invoice', '?api_key=sandbox-key', 404, 'Invoice not found'],
	])('answer a GET of %s%s with %d %s', async (route, query, status, error) => {
		const response = await fetch(`${sandbox.url}/api/v2/${route}/${randomUUID()}${query}`);
		expect([response.status, await response.json()]).toEqual([status, { error }]);
	});

	it("hide another account's records", async () => {
		const customer = await createCustomer(sandbox);
		const invoice = await createInvoice(sandbox);
		for (const path of [`customer/${customer.id}`, `invoice/${invoice.id}`]) {
			const response = await fetch(`${sandbox.url}/api/v2/${path}?api_key=second-key`);
			expect(response.status).toBe(404);
		}
		const fields = { api_key: 'second-key', customer_id: customer.id, amount: 1 };
		const response = await post(`${sandbox.url}/api/v2/invoice`, fields);
		expect([response.status, await response.json()]).toEqual([
			404,
			{ error: 'Customer not found' },
		]);
	});

	it('take the key of a POST from the body only, and of a GET from the query only', async () => {
		const { id } = await createInvoice(sandbox);
		const url = `${sandbox.url}/api/v2/invoice`;
		expect((await post(`${url}?api_key=${KEY}`, bill)).status).toBe(401);
		const headers = { 'X-Api-Key': KEY, Authorization: `Bearer ${KEY}` };
		expect((await fetch(`${url}/${id}`, { headers })).status).toBe(400);
	});

	it.each(['/api/v2/invoices', '/api/v2/invoice', '/api/v1/invoice', '/nowhere'])(
		'answer a GET of %s with 404 as JSON',
		async (path) => {
			const response = await fetch(`${sandbox.url}${path}?api_key=${KEY}`);
			expect([response.status, await response.json()]).toEqual([404, { error: 'Not found' }]);
		},
	);

	it('answer broken JSON, no JSON and form fields with JSON errors', async () => {
		const url = `${sandbox.url}/api/v2/invoice`;
		const broken = await post(url, '{"api_key":');
		expect([broken.status, await broken.json()]).toEqual([
			400,
			{ error: 'Request body must be valid JSON' },
		]);
		const form = await fetch(url, { method: 'POST', body: new URLSearchParams({ api_key: KEY }) });
		expect([form.status, await form.json()]).toEqual([
			415,
			{ error: 'Content-Type must be application/json' },
		]);
		const list = await post(url, [KEY]);
		expect([list.status, await list.json()]).toEqual([401, { error: 'api_key is required' }]);
		const empty = await fetch(url, { method: 'POST' });
		expect([empty.status, await empty.json()]).toEqual([401, { error: 'api_key is required' }]);
	});
});

describe('records of requests', () => {
	it('keep method, path, status and body, and never the key', async () => {
		const before = Date.now();
		const { id } = await createInvoice(sandbox);
		await getInvoice(sandbox, id);
		await fetch(`${sandbox.url}/api/v2/nowhere?api_key=${KEY}`);
		await fetch(`${sandbox.url}/`);
		expect(sandbox.requests).toEqual([
			{
				method: 'POST',
				path: '/api/v2/invoice',
				status: 201,
				startedAt: expect.any(Number),
				body: { email: 'john@example.com', amount: 200 },
			},
			{
				method: 'GET',
				path: `/api/v2/invoice/${id}`,
				status: 200,
				startedAt: expect.any(Number),
				body: null,
			},
			expect.objectContaining({ path: '/api/v2/nowhere', status: 404 }),
		]);
		expect(sandbox.requests[0].startedAt).toBeGreaterThanOrEqual(before);
		expect(JSON.stringify(sandbox.requests)).not.toContain(KEY);
	});

	it('count the requests in flight', async () => {
		const { id } = await createInvoice(sandbox);
		expect(sandbox.peakInFlight).toBe(1);
		sandbox.setLatency(60);
		await Promise.all(Array.from({ length: 7 }, async () => await getInvoice(sandbox, id)));
		expect(sandbox.peakInFlight).toBe(7);
		sandbox.setLatency(0);
		await getInvoice(sandbox, id);
		expect(sandbox.peakInFlight).toBe(7);
	});
});
