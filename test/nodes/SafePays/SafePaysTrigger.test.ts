import type { INodeParameters } from 'n8n-workflow';

import type { Fault, InvoiceStatus, Sandbox } from '../../../sandbox';
import { post, triggerWorkflow, TRIGGER_NAME } from '../../engine/webhook';
import { getInvoice, receiver } from '../../sandbox/helpers';
import type { Stage } from './notifications/stage';
import { asked, clear, invoicesThatAre, invoiceThatIs, stage, until } from './notifications/stage';

const UNKNOWN_ID = 'ffffffff-ffff-4fff-8fff-ffffffffffff';
const UNAVAILABLE = { error: 'The invoice could not be checked now' };

const TO_PAID = { event: 'paid', status: 'Paid' } as const;
const TO_FAILED = { event: 'failed', status: 'Failed' } as const;
const TO_UNPAID = { event: 'unpaid', status: 'Unpaid' } as const;

afterEach(clear);

/** A stage with an active workflow. */
async function active(
	parameters: INodeParameters = {},
	...stageOptions: Parameters<typeof stage>
): Promise<Stage & { url: string }> {
	const { sandbox, n8n } = await stage(...stageOptions);
	return { sandbox, n8n, url: n8n.activate(triggerWorkflow(parameters)) };
}

/** A notification as SafePays sends it, whether it is true or not. */
async function notification(sandbox: Sandbox, id: string, status?: InvoiceStatus) {
	const invoice = await getInvoice(sandbox, id);
	sandbox.requests.length = 0;
	return { invoice: { ...invoice, status: status ?? invoice.status } };
}

describe('A notification that the API confirms', () => {
	it('starts the workflow with the invoice as the API gives it and the body as received', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		const invoice = await getInvoice(sandbox, id);
		const body = { event: 'payment_success', timestamp: 'then', invoice: { id, amount: 1, status: 'Paid' }, more: [1] };

		const answer = await post(url, body);

		expect(answer).toMatchObject({ status: 200, body: { received: true } });
		expect(answer.body).toEqual({ received: true });
		await n8n.idle();
		expect(n8n.executions).toHaveLength(1);
		expect(n8n.executions[0]).toMatchObject({ status: 'success', mode: 'webhook' });
		expect(n8n.itemsOf(n8n.executions[0], 'After')).toEqual([{ event: 'paid', invoice, notification: body }]);
	});

	it.each([TO_PAID, TO_FAILED, TO_UNPAID])('starts the workflow with "$event" when the invoice is $status', async ({ event, status }) => {
		const { sandbox, n8n, url } = await active({ events: ['paid', 'failed', 'unpaid'] });
		const id = await invoiceThatIs(sandbox, status);
		expect((await post(url, { invoice: { id } })).body).toEqual({ received: true });
		await n8n.idle();
		expect(n8n.itemsOf(n8n.executions[0], 'After')).toMatchObject([{ event, invoice: { id, status } }]);
	});

	it.each([
		{ ...TO_FAILED, events: ['paid'] },
		{ ...TO_UNPAID, events: ['paid', 'failed'] },
		{ ...TO_PAID, events: ['failed', 'unpaid'] },
		{ ...TO_PAID, events: [] },
	])('of "$event" is ignored where $events are chosen', async ({ status, events }) => {
		const { sandbox, n8n, url } = await active({ events });
		const id = await invoiceThatIs(sandbox, status);
		const answer = await post(url, { invoice: { id } });
		expect(answer.status).toBe(200);
		expect(answer.body).toEqual({ received: true, ignored: status });
		expect(n8n.executions).toEqual([]);
	});

	it('starts it without the API key, should SafePays ever repeat that in the invoice', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid', { email: `${sandbox.apiKey}@example.com` });
		await post(url, { invoice: { id } });
		await n8n.idle();
		expect(n8n.itemsOf(n8n.executions[0], 'After')).toMatchObject([{ invoice: { email: '***@example.com' } }]);
	});

	it('is delivered by SafePays itself in the format of today and in the older one', async () => {
		for (const webhookFormat of ['current', 'legacy'] as const) {
			const { sandbox, n8n, url } = await active({}, { webhookFormat });
			const id = await invoiceThatIs(sandbox, 'Invoice Created', { webhook_url: url });
			const [delivery] = await sandbox.pay(id);
			expect(delivery).toMatchObject({ status: 200, responseBody: '{"received":true}' });
			await n8n.idle();
			expect(n8n.itemsOf(n8n.executions[0], 'After')).toMatchObject([
				{ event: 'paid', invoice: { id, status: 'Paid' }, notification: delivery.body },
			]);
		}
	});

	it('costs one API request and one reading of the credential', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		sandbox.requests.length = 0;
		await post(url, { invoice: { id, status: 'Paid' } });
		expect(sandbox.requests).toMatchObject([{ method: 'GET', path: `/api/v2/invoice/${id}`, status: 200 }]);
		expect(n8n.credentialReads).toBe(1);
	});

	it('decides by the API alone: the body may say what it likes', async () => {
		const { sandbox, n8n, url } = await active({ events: ['failed'] });
		const id = await invoiceThatIs(sandbox, 'Failed');
		expect((await post(url, await notification(sandbox, id, 'Paid'))).body).toEqual({ received: true });
		await n8n.idle();
		expect(n8n.itemsOf(n8n.executions[0], 'After')).toMatchObject([{ event: 'failed', invoice: { status: 'Failed' } }]);
	});

	it('that comes before the API says "Paid" is confirmed when it does, seconds later', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Invoice Created');
		const body = await notification(sandbox, id, 'Paid');
		const answer = post(url, body);
		await until(() => asked(sandbox, id).filter(({ status }) => status === 200).length === 2);
		sandbox.setStatus(id, 'Paid');
		expect((await answer).body).toEqual({ received: true });
		expect(asked(sandbox, id)).toHaveLength(3);
		await n8n.idle();
		expect(n8n.itemsOf(n8n.executions[0], 'After')).toMatchObject([{ event: 'paid', invoice: { status: 'Paid' } }]);
	});
});

describe('The id of the invoice', () => {
	const at = {
		'invoice.id': (id: unknown) => ({ invoice: { id } }),
		id: (id: unknown) => ({ id }),
		invoice_id: (id: unknown) => ({ invoice_id: id }),
		transaction_id: (id: unknown) => ({ transaction_id: id }),
	};

	it.each(Object.keys(at))('is found at %s', async (place) => {
		const { sandbox, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		expect((await post(url, at[place as keyof typeof at](id))).body).toEqual({ received: true });
	});

	it('is found in a form, too', async () => {
		const { sandbox, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		const answer = await post(url, `transaction_id=${id}`, { 'Content-Type': 'application/x-www-form-urlencoded' });
		expect(answer.body).toEqual({ received: true });
	});

	it('is taken from the invoice first, then from id, invoice_id and transaction_id', async () => {
		const { sandbox, url } = await active();
		const ids = await invoicesThatAre(sandbox, 'Paid', 4);
		const whole = { invoice: { id: ids[0] }, id: ids[1], invoice_id: ids[2], transaction_id: ids[3] };
		sandbox.requests.length = 0;
		await post(url, whole);
		await post(url, { ...whole, invoice: { id: 'not one' } });
		await post(url, { ...whole, invoice: null, id: 12 });
		await post(url, { transaction_id: ids[3] });
		expect(sandbox.requests.map(({ path }) => path.split('/').at(-1))).toEqual(ids);
	});

	it('may be in upper case: it is the same invoice', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		expect((await post(url, { id: id.toUpperCase() })).body).toEqual({ received: true });
		expect((await post(url, { id })).body).toEqual({ received: true, duplicate: true });
		await n8n.idle();
		expect(n8n.executions).toHaveLength(1);
	});

	it.each([
		['nothing', undefined],
		['an empty object', {}],
		['no UUID', { id: '12345' }],
		['a path', { id: '../customer/550e8400-e29b-41d4-a716-446655440000' }],
		['an encoded path', { id: '550e8400-e29b-41d4-a716-446655440000%2F..' }],
		['a UUID with something behind it', { id: '550e8400-e29b-41d4-a716-446655440000\n' }],
		['a UUID in a list', [{ id: '550e8400-e29b-41d4-a716-446655440000' }]],
		['a UUID where none belongs', { data: { id: '550e8400-e29b-41d4-a716-446655440000' } }],
	])('missing (%s) is answered with 400, without asking the API or reading the credential', async (_what, body) => {
		const { sandbox, n8n, url } = await active();
		const answer = await post(url, body);
		expect(answer.status).toBe(400);
		expect(answer.body).toEqual({ error: 'No invoice id that is a UUID in the body' });
		expect(answer.headers['content-type']).toMatch('application/json');
		expect(sandbox.requests).toEqual([]);
		expect(n8n.credentialReads).toBe(0);
		expect(n8n.executions).toEqual([]);
	});
});

describe('A forged notification', () => {
	it('that claims a payment which has not happened gets 409 after a few tries', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Invoice Created');
		const answer = await post(url, await notification(sandbox, id, 'Paid'));
		expect(answer.status).toBe(409);
		expect(answer.body).toEqual({ error: 'Nothing has happened to this invoice yet' });
		expect(asked(sandbox).length).toBeGreaterThanOrEqual(3);
		expect(asked(sandbox).length).toBeLessThanOrEqual(5);
		expect(n8n.executions).toEqual([]);
	});

	it('for an invoice that does not exist gets 404', async () => {
		const { sandbox, n8n, url } = await active();
		const answer = await post(url, { invoice: { id: UNKNOWN_ID, status: 'Paid' } });
		expect(answer.status).toBe(404);
		expect(answer.body).toEqual({ error: 'No such invoice' });
		expect(asked(sandbox)).toHaveLength(1);
		expect(n8n.executions).toEqual([]);
	});

	it("for another account's paid invoice gets 404", async () => {
		const { sandbox, n8n, url } = await active({}, { apiKeys: ['sandbox-key', 'attacker-key'] });
		const id = await invoiceThatIs(sandbox, 'Paid', { api_key: 'attacker-key' });
		expect((await post(url, { invoice: { id, status: 'Paid' } })).status).toBe(404);
		expect(n8n.executions).toEqual([]);
	});

	it('is not helped by an API that answers with another, paid invoice', async () => {
		const { sandbox, n8n, url } = await active();
		const paid = await invoiceThatIs(sandbox, 'Paid');
		const other = await getInvoice(sandbox, paid);
		const liar = await receiver((_nth, response) => {
			response.setHeader('Content-Type', 'application/json');
			response.end(JSON.stringify({ status: 'success', invoice: other }));
		});
		n8n.world.credentials.baseUrl = new URL(liar.url).origin;
		const answer = await post(url, { invoice: { id: UNKNOWN_ID, status: 'Paid' } });
		expect(answer).toMatchObject({ status: 503, body: UNAVAILABLE });
		expect(liar.received).toHaveLength(1);
		expect(n8n.executions).toEqual([]);
	});
});

describe('When the API cannot be asked', () => {
	async function notifiedDuring(fault: Fault) {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		sandbox.requests.length = 0;
		sandbox.addFault(fault);
		const answer = await post(url, { invoice: { id, status: 'Paid' } });
		return { sandbox, n8n, url, id, answer };
	}

	it.each<[string, Fault]>([
		['an error of the server', { kind: 'status', status: 500 }],
		["its payment provider's error", { kind: 'status', status: 502 }],
		['a reset connection', { kind: 'resetBefore' }],
		["a proxy's error page", { kind: 'html', status: 504 }],
	])('because of %s, SafePays is told to come again after a few tries', async (_what, fault) => {
		const { sandbox, n8n, url, id, answer } = await notifiedDuring(fault);
		expect(answer).toMatchObject({ status: 503, body: UNAVAILABLE });
		expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
		expect(sandbox.requests).toHaveLength(3);
		expect(n8n.executions).toEqual([]);

		sandbox.clearFaults();
		expect((await post(url, { invoice: { id, status: 'Paid' } })).body).toEqual({ received: true });
		await n8n.idle();
		expect(n8n.executions).toHaveLength(1);
	});

	it.each<[string, Fault]>([
		["a proxy's page with status 200", { kind: 'html', status: 200 }],
		["a proxy's 404", { kind: 'html', status: 404 }],
		['an empty body', { kind: 'emptyBody', afterProcessing: true }],
		['broken JSON', { kind: 'brokenJson', afterProcessing: true }],
		['JSON of another shape', { kind: 'wrongShape' }],
		['a redirect', { kind: 'redirect' }],
	])('because it answers with %s, nothing is believed', async (_what, fault) => {
		const { n8n, answer } = await notifiedDuring(fault);
		expect(answer).toMatchObject({ status: 503, body: UNAVAILABLE });
		expect(answer.headers).toHaveProperty('retry-after');
		expect(n8n.executions).toEqual([]);
	});

	it('one short failure is bridged over, and the workflow starts', async () => {
		const { n8n, answer } = await notifiedDuring({ kind: 'status', status: 503, times: 2 });
		expect(answer.body).toEqual({ received: true });
		await n8n.idle();
		expect(n8n.executions).toHaveLength(1);
	});

	it('because it hangs, the sender still gets its answer within 10 seconds', async () => {
		const { sandbox, n8n, answer } = await notifiedDuring({ kind: 'slow', ms: 60_000 });
		expect(answer).toMatchObject({ status: 503, body: UNAVAILABLE });
		expect(answer.ms).toBeLessThan(10_000);
		expect(sandbox.requests.length).toBeGreaterThanOrEqual(2);
		expect(n8n.executions).toEqual([]);
	});

	it('because nothing listens there, SafePays is told to come again', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		await sandbox.close();
		const answer = await post(url, { invoice: { id } });
		expect(answer).toMatchObject({ status: 503, body: UNAVAILABLE });
		expect(answer.headers).toHaveProperty('retry-after');
		expect(n8n.executions).toEqual([]);
	});

	it.each<[string, Fault, string]>([
		['its Retry-After', { kind: 'status', status: 429, headers: { 'Retry-After': '17' } }, '17'],
		['its sentence', { kind: 'status', status: 429, message: 'Rate limit exceeded. Please retry after 42 seconds.' }, '42'],
		['no time at all', { kind: 'status', status: 429, message: 'Too many' }, '30'],
	])('because of the rate limit, %s is passed on after a single request', async (_what, fault, retryAfter) => {
		const { sandbox, n8n, answer } = await notifiedDuring(fault);
		expect(answer).toMatchObject({ status: 503, body: UNAVAILABLE });
		expect(answer.headers['retry-after']).toBe(retryAfter);
		expect(sandbox.requests).toHaveLength(1);
		expect(n8n.executions).toEqual([]);
	});

	it.each([
		['wrong', 'a-key-that-is-wrong', '401'],
		['of a banned account', 'sandbox-banned-key', '403'],
		['empty', '', '400'],
	])("because the key is %s, the log says what to do, and neither it nor the answer has the key", async (_what, apiKey, status) => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		n8n.world.credentials.apiKey = apiKey;
		sandbox.requests.length = 0;
		const answer = await post(url, { invoice: { id } });
		expect(answer).toMatchObject({ status: 503, body: UNAVAILABLE });
		expect(answer.headers).toHaveProperty('retry-after');
		expect(sandbox.requests).toHaveLength(1);
		expect(n8n.log).toHaveLength(1);
		expect(n8n.log[0]).toContain('Check the API key in the SafePays credential');
		expect(n8n.log[0]).toContain(TRIGGER_NAME);
		expect(n8n.log[0]).toContain(status);
		if (apiKey) expect(n8n.log[0] + JSON.stringify(answer)).not.toContain(apiKey);
		expect(n8n.executions).toEqual([]);
	});

	it('because the credential is gone, SafePays is told to come again', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		n8n.meddle = (context) => {
			context.getCredentials = async () => await Promise.reject(new Error('Credential with ID "1" does not exist'));
		};
		const answer = await post(url, { invoice: { id } });
		expect(answer).toMatchObject({ status: 503, body: UNAVAILABLE });
		expect(n8n.crashes).toEqual([]);
		expect(n8n.executions).toEqual([]);
	});
});

describe('While testing', () => {
	it('the same notification starts the workflow each time', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.listen(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Paid');
		for (let time = 1; time <= 3; time++) {
			expect((await post(url, { invoice: { id, status: 'Paid' } })).body).toEqual({ received: true });
			await n8n.idle();
			expect(n8n.executions).toHaveLength(time);
			expect(n8n.itemsOf(n8n.executions[time - 1], 'After')).toMatchObject([{ event: 'paid', invoice: { id } }]);
		}
		expect(n8n.world.staticData ?? {}).toEqual({});
	});

	it('a forged notification starts nothing either', async () => {
		const { n8n } = await stage();
		const url = n8n.listen(triggerWorkflow());
		expect((await post(url, { invoice: { id: UNKNOWN_ID, status: 'Paid' } })).status).toBe(404);
		expect(n8n.executions).toEqual([]);
	});
});
