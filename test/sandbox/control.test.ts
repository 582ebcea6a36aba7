import type { Delivery, Invoice, Sandbox } from '../../sandbox';
import {
	KEY,
	closeAll,
	createCustomer,
	createInvoice,
	getInvoice,
	post,
	receiver,
	sandboxWith,
} from './helpers';

let sandbox: Sandbox;

beforeEach(async () => {
	sandbox = await sandboxWith();
});

afterEach(closeAll);

interface Answer {
	invoice: Invoice;
	invoices: Invoice[];
	deliveries: Delivery[];
	delivery: Delivery;
	requests: { latest: unknown[] };
}

async function call(method: string, path: string, body?: unknown) {
	const response = await fetch(`${sandbox.url}/sandbox${path}`, {
		method,
		...(body !== undefined && {
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify(body),
		}),
	});
	return { status: response.status, body: (await response.json()) as Answer };
}

describe('a burst', () => {
	it('pays all that is open, in one moment', async () => {
		const answers: Array<() => void> = [];
		const hook = await receiver((_nth, response) => {
			answers.push(() => response.end());
			if (answers.length === 5) answers.forEach((end) => end());
		});
		const already = await createInvoice(sandbox, { webhook_url: hook.url });
		sandbox.setStatus(already.id, 'Paid');
		for (let i = 0; i < 5; i++) await createInvoice(sandbox, { webhook_url: hook.url });
		const { status, body } = await call('POST', '/invoices/pay', {});
		expect(status).toBe(200);
		expect(body.invoices.map(({ status: paid }) => paid)).toEqual(Array(5).fill('Paid'));
		expect(body.deliveries.map((delivery) => delivery.status)).toEqual(Array(5).fill(200));
		expect(sandbox.books.invoices.size).toBe(6);
	});

	it('pays those that are named, each once, or none of them', async () => {
		const [first, second, third] = [
			await createInvoice(sandbox),
			await createInvoice(sandbox),
			await createInvoice(sandbox),
		].map(({ id }) => id);
		const statuses = () => [...sandbox.books.invoices.values()].map(({ status }) => status);
		expect((await call('POST', '/invoices/pay', { ids: [first, 'x'] })).status).toBe(404);
		expect((await call('POST', '/invoices/pay', { ids: first })).status).toBe(400);
		expect(statuses()).toEqual(Array(3).fill('Invoice Created'));
		const { body } = await call('POST', '/invoices/pay', { ids: [first, third, first] });
		expect(body.invoices.map(({ id }) => id)).toEqual([first, third]);
		expect(statuses()).toEqual(['Paid', 'Invoice Created', 'Paid']);
		expect((await call('POST', '/invoices/pay', { ids: [second, first] })).status).toBe(409);
		expect(statuses()).toEqual(['Paid', 'Invoice Created', 'Paid']);
	});
});

it('sends a notification that is forged, or in another format, and what it was answered', async () => {
	const hook = await receiver((_nth, response) => response.end('done'));
	const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
	const forgery = { body: { invoice: { id } }, headers: { 'Content-Type': 'text/plain' } };
	const { body } = await call('POST', `/invoices/${id}/notify`, forgery);
	expect(body.delivery).toMatchObject({ status: 200, responseBody: 'done', invoiceId: id });
	await call('POST', `/invoices/${id}/notify`, { format: 'transaction' });
	expect(hook.received[0]).toMatchObject({
		text: JSON.stringify(forgery.body),
		headers: { 'content-type': 'text/plain' },
	});
	expect(JSON.parse(hook.received[1].text)).toMatchObject({ transaction_id: id });
	expect(await call('POST', `/invoices/${id}/notify`, { format: 'x' })).toEqual({
		status: 400,
		body: { error: 'format must be one of current, legacy, event, transaction' },
	});
	const silent = await createInvoice(sandbox);
	expect((await call('POST', `/invoices/${silent.id}/notify`, {})).status).toBe(400);
	expect(hook.received).toHaveLength(2);
});

it('marks past due by a due date in the past', async () => {
	const { id } = await createInvoice(sandbox);
	await call('POST', `/invoices/${id}/expire`);
	const { due_date: dueDate } = await getInvoice(sandbox, id);
	expect(dueDate < new Date().toISOString().slice(0, 10)).toBe(true);
});

it('refuses what cannot be', async () => {
	const { id } = await createInvoice(sandbox);
	await call('POST', `/invoices/${id}/pay`);
	expect(await call('POST', `/invoices/${id}/pay`)).toEqual({
		status: 409,
		body: { error: 'Invoice is already paid' },
	});
	expect(await call('POST', '/invoices/x/pay')).toEqual({
		status: 404,
		body: { error: 'Invoice not found' },
	});
	expect(await call('POST', '/deliveries/x/resend')).toEqual({
		status: 404,
		body: { error: 'Delivery not found' },
	});
	expect((await call('GET', '/nowhere')).status).toBe(404);
});

it('sends a notification again, as it was', async () => {
	const hook = await receiver();
	const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
	const [delivery] = await sandbox.decline(id);
	sandbox.setStatus(id, 'Paid');
	const answer = await call('POST', `/deliveries/${delivery.id}/resend`);
	expect(answer.body.delivery).toMatchObject({ status: 200, invoiceId: id });
	expect(hook.received[1].text).toBe(hook.received[0].text);
});

it('shows the whole state', async () => {
	const customer = await createCustomer(sandbox);
	const hook = await receiver();
	const invoice = await createInvoice(sandbox, { customer_id: customer.id, webhook_url: hook.url });
	await sandbox.pay(invoice.id);
	sandbox.addFault({ kind: 'status', on: { path: /^\/x/ } });
	await fetch(`${sandbox.url}/api/v2/invoice/1?api_key=${KEY}`);

	const { body } = await call('GET', '/state');
	expect(body).toMatchObject({
		customers: [{ id: customer.id, account: KEY }],
		invoices: [{ id: invoice.id, baseAmount: 200, amount: 212, webhookUrl: hook.url }],
		deliveries: [{ invoiceId: invoice.id, status: 200 }],
		faults: [{ kind: 'status', on: { path: '^\\/x' } }],
		requests: { total: 3, byStatus: { 201: 2, 404: 1 }, peakInFlight: 1 },
	});
	expect(body.requests.latest).toHaveLength(3);
});

it('adds and clears faults', async () => {
	const fault = { kind: 'status', status: 503, times: 2, on: { method: 'GET' } };
	expect(await call('POST', '/faults', fault)).toEqual({ status: 200, body: { faults: [fault] } });
	const ask = async () => (await fetch(`${sandbox.url}/api/v2/invoice/1?api_key=${KEY}`)).status;
	expect(await ask()).toBe(503);
	expect(await call('DELETE', '/faults')).toEqual({ status: 200, body: { faults: [] } });
	expect(await ask()).toBe(404);
	expect((await call('POST', '/faults', { kind: 'nonsense' })).status).toBe(400);
});

it('forgets everything', async () => {
	const hook = await receiver(() => undefined);
	const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
	await createCustomer(sandbox);
	sandbox.addFault({ kind: 'slow', ms: 60_000, times: 5 });
	sandbox.setRateLimit({ requests: 1, windowSeconds: 60 });
	sandbox.setLatency(60_000);
	const hanging = sandbox.pay(id);
	expect(await call('POST', '/reset')).toEqual({ status: 200, body: { reset: true } });
	expect(await hanging).toMatchObject([{ status: null, error: 'The sandbox was closed or reset' }]);

	expect((await call('GET', '/state')).body).toEqual({
		customers: [],
		invoices: [],
		deliveries: [],
		faults: [],
		requests: { total: 0, byStatus: {}, peakInFlight: 0, latest: [] },
	});
	await createCustomer(sandbox);
	await createInvoice(sandbox);
	expect(sandbox.requests).toHaveLength(2);
	expect((await post(`${sandbox.url}/api/v2/invoice`, { api_key: KEY })).status).toBe(400);
});
