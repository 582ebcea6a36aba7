import type { Sandbox } from '../../sandbox';
import { KEY, closeAll, createCustomer, createInvoice, getInvoice, postForm, receiver, sandboxWith } from './helpers';

const HOSTILE = `"><script>alert('1')</script>`;

let sandbox: Sandbox;

beforeEach(async () => {
	sandbox = await sandboxWith();
});

afterEach(closeAll);

async function read(path: string): Promise<{ status: number; page: string; headers: Headers }> {
	const response = await fetch(`${sandbox.url}${path}`);
	return { status: response.status, page: await response.text(), headers: response.headers };
}

async function press(path: string, fields?: Record<string, string>) {
	const response = await postForm(`${sandbox.url}${path}`, fields);
	return { status: response.status, location: response.headers.get('location') };
}

describe('payment page', () => {
	it('shows what is to be paid, and that no money moves', async () => {
		const { id } = await createInvoice(sandbox, {
			items: [{ title: 'Pro Plan', qty: 2, price: 617.25 }],
			due_date: '2099-04-30',
			currency: 'EUR',
		});
		const { status, page, headers } = await read(`/pay/${id}`);
		expect(status).toBe(200);
		expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
		expect(headers.get('content-security-policy')).toContain("default-src 'none'");
		for (const text of [
			...['Pro Plan', '617.25 EUR', '74.07 EUR', '1,308.57 EUR'],
			...['2099-04-30', 'no real money moves', `/pay/${id}/pay`, `/pay/${id}/decline`],
		]) {
			expect(page).toContain(text);
		}
	});

	it('is what the payment links of both answers lead to', async () => {
		const created = await createInvoice(sandbox);
		const fetched = await getInvoice(sandbox, created.id);
		for (const link of [created.payment_link, fetched.payment_link]) {
			const response = await fetch(link);
			expect(response.url).toBe(`${sandbox.url}/pay/${created.id}`);
			expect(response.status).toBe(200);
		}
	});

	it.each([
		['https://example.com/thanks', (id: string) => `https://example.com/thanks?transaction_id=${id}`],
		['https://example.com/t?a=b%20c&d=#end', (id: string) => `https://example.com/t?a=b%20c&d=&transaction_id=${id}#end`],
		['https://example.com', (id: string) => `https://example.com/?transaction_id=${id}`],
	])('sends a payer on to %s', async (redirectUrl, expected) => {
		const { id } = await createInvoice(sandbox, { redirect_url: redirectUrl });
		expect(await press(`/pay/${id}/pay`)).toEqual({ status: 303, location: expected(id) });
		expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Paid' });
	});

	it('thanks a payer who has nowhere to go', async () => {
		const { id } = await createInvoice(sandbox);
		const { location } = await press(`/pay/${id}/pay`);
		expect(location).toBe(`/pay/${id}/thank-you`);
		const { page } = await read(location ?? '');
		expect(page).toContain('Thank you');
		expect(page).toContain('212.00 USD');
	});

	it('lets a declined payment be tried again, and a paid one not', async () => {
		const hook = await receiver();
		const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
		expect(await press(`/pay/${id}/decline`)).toEqual({ status: 303, location: `/pay/${id}` });
		expect((await read(`/pay/${id}`)).page).toContain('The payment failed. You can try again.');
		expect((await read(`/pay/${id}/thank-you`)).page).not.toContain('was received');

		await press(`/pay/${id}/pay`);
		const paid = (await read(`/pay/${id}`)).page;
		expect(paid).toContain('This invoice is already paid.');
		expect(paid).not.toContain('<button');
		expect(await press(`/pay/${id}/pay`)).toEqual({ status: 303, location: `/pay/${id}` });
		expect(await press(`/pay/${id}/decline`)).toEqual({ status: 303, location: `/pay/${id}` });
		expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Paid' });
		expect(sandbox.deliveries.map(({ invoiceStatus }) => invoiceStatus)).toEqual(['Failed', 'Paid']);
	});

	it('says when there is no such invoice', async () => {
		for (const path of ['/pay/nothing', '/agency-checkout/sandbox/ZZZZ', '/dashboard/customer/x']) {
			const { status, page } = await read(path);
			expect(status).toBe(404);
			expect(page).toContain('not found</h1>');
		}
		expect((await press('/pay/nothing/pay')).status).toBe(404);
	});
});

describe('home page', () => {
	it('tells how to point n8n here, and only the keys that are for use', async () => {
		const { page } = await read('/');
		expect(page).toContain(sandbox.url);
		expect(page).toContain(KEY);
		expect(page).not.toContain('sandbox-banned-key');
	});

	it('escapes whatever came in', async () => {
		const customer = await createCustomer(sandbox, { name: HOSTILE, group: HOSTILE });
		const { id } = await createInvoice(sandbox, {
			customer_id: customer.id,
			currency: HOSTILE,
			items: [{ title: HOSTILE, qty: 1, price: 1 }],
		});
		const hook = await receiver((_nth, response) => response.end(HOSTILE));
		await sandbox.notify(id, { url: `${hook.url}?<script>` });
		await fetch(`${sandbox.url}/api/v2/%3Cscript%3E/<script>`);
		const paths = [
			...[`/?problem=${encodeURIComponent(HOSTILE)}`, `/pay/${id}`],
			`/dashboard/customer/${customer.id}`,
		];
		for (const path of paths) {
			const { status, page } = await read(path);
			expect(status).toBe(200);
			expect(page).toContain('&lt;script&gt;');
			expect(page).not.toContain('<script');
		}
	});

	it('lists records, notifications and requests, and has buttons that work', async () => {
		const hook = await receiver((nth, response) => response.writeHead(nth === 1 ? 503 : 200).end());
		const customer = await createCustomer(sandbox);
		const { id } = await createInvoice(sandbox, { customer_id: customer.id, webhook_url: hook.url });
		expect((await read('/')).page).toContain(`/sandbox/invoices/${id}/expire`);

		expect(await press(`/sandbox/invoices/${id}/expire`)).toEqual({ status: 303, location: '/' });
		const [delivery] = sandbox.deliveries;
		const { page } = await read('/');
		for (const text of [
			...[`/pay/${id}`, `/dashboard/customer/${customer.id}`, 'Unpaid', '>503<'],
			...[`/sandbox/deliveries/${delivery.id}/resend`, 'POST /api/v2/invoice'],
		]) {
			expect(page).toContain(text);
		}

		await press(`/sandbox/deliveries/${delivery.id}/resend`);
		expect(hook.received.map(({ text }) => JSON.parse(text).invoice.status)).toEqual(['Unpaid', 'Unpaid']);
		await press('/sandbox/reset');
		expect((await read('/')).page).not.toContain(id);
	});

	it('adds and clears faults', async () => {
		const form = { kind: 'html', method: 'POST', path: '', status: '503', ms: '', times: '' };
		expect(await press('/sandbox/faults', form)).toEqual({ status: 303, location: '/' });
		expect((await read('/')).page).toContain('kind=html,method=POST,status=503');
		await press('/sandbox/faults/clear');
		expect((await read('/')).page).toContain('(0 active)');

		const { location } = await press('/sandbox/faults', { kind: 'slow', ms: 'soon' });
		expect((await read(location ?? '')).page).toContain('&quot;ms&quot; must be a number');
	});

	it('does not wait for a receiver that hangs', async () => {
		const hook = await receiver(() => undefined);
		const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
		expect(await press(`/sandbox/invoices/${id}/expire`)).toEqual({ status: 303, location: '/' });
		expect((await read('/')).page).toContain('>waiting<');
	});
});

it('customer page shows the profile, what was paid, and every invoice', async () => {
	const customer = await createCustomer(sandbox, { city: 'New York', country: 'USA' });
	const paid = await createInvoice(sandbox, { customer_id: customer.id });
	const open = await createInvoice(sandbox, { customer_id: customer.id, amount: 5 });
	const foreign = await createInvoice(sandbox, { amount: 7 });
	await sandbox.pay(paid.id);
	const { page } = await read(`/dashboard/customer/${customer.id}`);
	for (const text of ['John Doe', 'New York, USA', '212.00 USD', paid.id, open.id]) {
		expect(page).toContain(text);
	}
	expect(page).not.toContain(foreign.id);
});
