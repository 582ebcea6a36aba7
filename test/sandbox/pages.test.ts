import { createHash } from 'node:crypto';

import type { Sandbox } from '../../sandbox';
import { CLOSED_PORT } from '../../tools/harness/ports';
import {
	KEY,
	closeAll,
	createCustomer,
	createInvoice,
	getInvoice,
	postForm,
	receiver,
	sandboxWith,
} from './helpers';

/** The one that keeps a page up to date. */
const OWN_SCRIPT = /<script>\nsetInterval\([^<]*<\/script>/;

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
			...['Pro Plan', '617.25 EUR', '1,234.50 EUR', '74.07 EUR', '1,308.57 EUR'],
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
		[
			'https://example.com/thanks',
			(id: string) => `https://example.com/thanks?transaction_id=${id}`,
		],
		[
			'https://example.com/t?a=b%20c&d=#end',
			(id: string) => `https://example.com/t?a=b%20c&d=&transaction_id=${id}#end`,
		],
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

	it.each([
		['{"received":true}', 'told: 200<', 'n8n has it'],
		['{"received":true,"pending":true}', 'told: 200, pending<', 'n8n has it'],
		['{"received":true,"ignored":"Paid"}', 'told: 200, ignored<', 'No workflow has heard'],
	])(
		'says with its thanks who was told, and that they answered %s',
		async (body, told, meaning) => {
			const hook = await receiver((_nth, response) => response.end(body));
			const { id } = await createInvoice(sandbox, { webhook_url: `${hook.url}/paid` });
			const { location } = await press(`/pay/${id}/pay`);
			const { page } = await read(location ?? '');
			for (const text of [told, '/webhook/paid', meaning, 'Send again', 'href="/"']) {
				expect(page).toContain(text);
			}
		},
	);

	it('says with its thanks that nobody was told, and why', async () => {
		const { id } = await createInvoice(sandbox);
		await press(`/pay/${id}/pay`);
		const { page } = await read(`/pay/${id}/thank-you`);
		expect(page).toContain('nobody: no webhook URL');
		expect(page).not.toContain('Send again');
	});

	it('thanks without waiting for a receiver that hangs', async () => {
		const hook = await receiver(() => undefined);
		const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
		const { location } = await press(`/pay/${id}/pay`);
		const { page } = await read(location ?? '');
		expect(page).toContain('>waiting<');
		expect(page).toContain('shows the answer when it comes');
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
		expect(sandbox.deliveries.map(({ invoiceStatus }) => invoiceStatus)).toEqual([
			'Failed',
			'Paid',
		]);
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
			expect(page.replace(OWN_SCRIPT, '')).not.toContain('<script');
		}
	});

	it('lists records, notifications and requests, and has buttons that work', async () => {
		const hook = await receiver((nth, response) => response.writeHead(nth === 1 ? 503 : 200).end());
		const customer = await createCustomer(sandbox);
		const { id } = await createInvoice(sandbox, {
			customer_id: customer.id,
			webhook_url: hook.url,
		});
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
		expect(hook.received.map(({ text }) => JSON.parse(text).invoice.status)).toEqual([
			'Unpaid',
			'Unpaid',
		]);
		await press('/sandbox/reset');
		expect((await read('/')).page).not.toContain(id);
	});

	describe('says of each invoice who was told, and what they answered', () => {
		const told = async (url: string | undefined) => {
			const { id } = await createInvoice(sandbox, url ? { webhook_url: url } : {});
			await sandbox.pay(id);
			const { page } = await read('/');
			return /<td class="told">(.*?)<\/td>/s.exec(page)?.[1].replace(/\s+/g, ' ');
		};

		it.each([
			[200, '{"received":true}', 'pill wrap good">told: 200<'],
			[200, '{"received":true,"pending":true}', 'pill wrap late">told: 200, pending<'],
			[200, '{"received":true,"duplicate":true}', 'pill wrap late">told: 200, duplicate<'],
			[204, '', 'pill wrap good">told: 204<'],
			[404, '', 'pill wrap bad">404: is the workflow published?<'],
			[404, '{"code":404,"message":"not registered"}', '>404: is the workflow published?<'],
			[404, '{"error":"Invoice not found"}', '>404: Invoice not found<'],
			[409, '{"message":"The execution has finished"}', '>409: The execution has finished<'],
			[503, '<html>', 'pill wrap bad">503<'],
		])('%s %s', async (status, body, expected) => {
			const hook = await receiver((_nth, response) => response.writeHead(status).end(body));
			expect(await told(hook.url)).toContain(expected);
		});

		it('nobody, for want of a webhook URL', async () => {
			expect(await told(undefined)).toContain('nobody: no webhook URL');
		});

		it('nobody, because a fault has lost the notification', async () => {
			const hook = await receiver();
			sandbox.addFault({ kind: 'lostNotification' });
			expect(await told(hook.url)).toContain('nobody: nothing was sent');
		});

		it('nobody yet, before the payment', async () => {
			const hook = await receiver();
			await createInvoice(sandbox, { webhook_url: hook.url });
			expect((await read('/')).page).toContain('nobody yet');
		});

		it('that nobody listens there', async () => {
			expect(await told(`http://127.0.0.1:${CLOSED_PORT}/`)).toContain(
				'no answer: is n8n running?',
			);
		});

		it('of its present status alone', async () => {
			const hook = await receiver();
			const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
			await sandbox.decline(id);
			sandbox.setStatus(id, 'Paid');
			expect((await read('/')).page).toContain('nobody: nothing was sent');
		});
	});

	it('sends to the test URL of an n8n production URL, with the same query', async () => {
		const hook = await receiver((_nth, response) => response.writeHead(404).end());
		const origin = new URL(hook.url).origin;
		const { id } = await createInvoice(sandbox, {
			webhook_url: `${origin}/n8n/webhook/safepays?k=1%20&m=/webhook/`,
		});
		const [delivery] = await sandbox.pay(id);
		const path = `/sandbox/deliveries/${delivery.id}/resend-to-test-url`;
		expect((await read('/')).page).toContain(path);
		expect(await press(path)).toEqual({ status: 303, location: '/' });
		expect(hook.received[1]).toMatchObject({
			path: '/n8n/webhook-test/safepays?k=1%20&m=/webhook/',
			text: hook.received[0].text,
		});
		const { page } = await read('/');
		expect(page).toContain('404: is n8n listening for a test event?');
		const again = sandbox.deliveries[1];
		expect(page).not.toContain(`/sandbox/deliveries/${again.id}/resend-to-test-url`);
		const { location } = await press(`/sandbox/deliveries/${again.id}/resend-to-test-url`);
		expect((await read(location ?? '')).page).toContain(
			'Only an n8n production URL has a test URL',
		);
	});

	it('shows the test of a credential as the success that it is', async () => {
		const test = '/api/v2/invoice/00000000-0000-4000-8000-000000000000';
		await fetch(`${sandbox.url}${test}?api_key=${KEY}`);
		const good = (await read('/')).page;
		expect(good).toContain('pill good">404<');
		expect(good).toContain('the key is good');
		await fetch(`${sandbox.url}${test}?api_key=wrong`);
		expect((await read('/')).page).toContain('pill bad">401<');
		await fetch(`${sandbox.url}/api/v2/invoice/1?api_key=${KEY}`);
		expect((await read('/')).page).toContain('pill bad">404<');
	});

	it('warns while a fault is active, and folds the form away', async () => {
		expect((await read('/')).page).not.toContain('active:');
		sandbox.addFault({ kind: 'hang', times: 2 });
		const { page } = await read('/');
		expect(page).toContain('1 fault is active:');
		expect(page).toContain('No answer at all: <code>kind=hang,times=2</code>');
		expect(page).not.toContain('<details open');
	});

	it('runs the script that keeps it up to date, and no other', async () => {
		const { page, headers } = await read('/');
		const [, script] = /<script>([\s\S]*?)<\/script>/.exec(page) ?? [];
		const hash = createHash('sha256').update(script).digest('base64');
		const policy = headers.get('content-security-policy') ?? '';
		expect(policy).toContain(`script-src 'sha256-${hash}';`);
		const live = [...page.matchAll(/id="([\w-]+)" data-live/g)].map(([, id]) => id);
		expect(live).toEqual(
			expect.arrayContaining(['invoices', 'notifications', 'active-faults', 'api-requests']),
		);
		const form = page.slice(page.indexOf('action="/sandbox/faults"'));
		expect(form.slice(0, form.indexOf('</form>'))).not.toContain('data-live');
		expect((await read(`/pay/${(await createInvoice(sandbox)).id}`)).page).not.toContain('<script');
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
