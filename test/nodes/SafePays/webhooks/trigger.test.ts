import type { InvoiceStatus, Sandbox } from '../../../../sandbox';
import { post } from '../../../engine/post';
import { triggerWorkflow } from '../../../engine/workflows';
import { getInvoice } from '../../../sandbox/helpers';
import { UNKNOWN_ID, until } from '../../../support';
import { activeWith, active, asked, clear, invoiceThatIs, passedOn, stage } from './stage';

const TO_PAID = { event: 'paid', status: 'Paid' } as const;
const TO_FAILED = { event: 'failed', status: 'Failed' } as const;
const TO_UNPAID = { event: 'unpaid', status: 'Unpaid' } as const;

afterEach(clear);

/** A notification as SafePays sends it, whether it is true or not. */
async function notification(sandbox: Sandbox, id: string, status?: InvoiceStatus) {
	const invoice = await getInvoice(sandbox, id);
	sandbox.requests.length = 0;
	return { invoice: { ...invoice, status: status ?? invoice.status } };
}

describe('A notification that the API confirms', () => {
	it('starts the workflow with the invoice as the API gives it, and nothing else', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		const invoice = await getInvoice(sandbox, id);
		const body = {
			event: 'payment_success',
			timestamp: 'then',
			invoice: { id, amount: 1, status: 'Paid' },
			more: [1],
		};

		const answer = await post(url, body);

		expect(answer).toMatchObject({ status: 200, body: { received: true } });
		expect(answer.body).toEqual({ received: true });
		await n8n.idle();
		expect(n8n.executions).toHaveLength(1);
		expect(n8n.executions[0]).toMatchObject({ status: 'success', mode: 'webhook' });
		expect(n8n.getItems(n8n.executions[0], 'After')).toEqual([{ event: 'paid', invoice }]);
	});

	it('hands on the body as received where Include Notification is on', async () => {
		const { n8n, url, id } = await activeWith('Paid', { options: { includeNotification: true } });
		const body = { invoice: { id, amount: 1 }, more: [1] };
		await post(url, body);
		expect(await passedOn(n8n)).toMatchObject([
			{ event: 'paid', invoice: { id, amount: 212 }, notification: body },
		]);
	});

	it.each(['paid', 'PAID ', ' p a i d'])(
		'is the same where the API writes the status "%s"',
		async (status) => {
			const { sandbox, n8n, url, id } = await activeWith('Paid');
			sandbox.setStatus(id, status as InvoiceStatus);
			expect((await post(url, { id })).body).toEqual({ received: true });
			expect(await passedOn(n8n)).toMatchObject([{ event: 'paid', invoice: { id, status } }]);
		},
	);

	it.each([TO_PAID, TO_FAILED, TO_UNPAID])(
		'starts the workflow with "$event" when the invoice is $status',
		async ({ event, status }) => {
			const { n8n, url, id } = await activeWith(status, { events: ['paid', 'failed', 'unpaid'] });
			expect((await post(url, { invoice: { id } })).body).toEqual({ received: true });
			expect(await passedOn(n8n)).toMatchObject([{ event, invoice: { id, status } }]);
		},
	);

	it.each([
		{ ...TO_FAILED, events: ['paid'] },
		{ ...TO_UNPAID, events: ['paid', 'failed'] },
		{ ...TO_PAID, events: ['failed', 'unpaid'] },
		{ ...TO_PAID, events: [] },
	])('of "$event" is ignored where $events are chosen', async ({ status, events }) => {
		const { n8n, url, id } = await activeWith(status, { events });
		const answer = await post(url, { invoice: { id } });
		expect(answer.status).toBe(200);
		expect(answer.body).toEqual({ received: true, ignored: status });
		expect(n8n.executions).toEqual([]);
	});

	it('starts it without the API key, should SafePays ever repeat that in the invoice', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid', { email: `${sandbox.apiKey}@example.com` });
		await post(url, { invoice: { id } });
		expect(await passedOn(n8n)).toMatchObject([{ invoice: { email: '***@example.com' } }]);
	});

	it('is delivered by SafePays itself in the format of today and in the older one', async () => {
		for (const webhookFormat of ['current', 'legacy'] as const) {
			const { sandbox, n8n, url } = await active({}, {}, { webhookFormat });
			const id = await invoiceThatIs(sandbox, 'Invoice Created', { webhook_url: url });
			const [delivery] = await sandbox.pay(id);
			expect(delivery).toMatchObject({ status: 200, responseBody: '{"received":true}' });
			expect(await passedOn(n8n)).toMatchObject([
				{ event: 'paid', invoice: { id, status: 'Paid' } },
			]);
		}
	});

	it('costs one API request and one reading of the credential', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.requests.length = 0;
		await post(url, { invoice: { id, status: 'Paid' } });
		expect(sandbox.requests).toMatchObject([
			{ method: 'GET', path: `/api/v2/invoice/${id}`, status: 200 },
		]);
		expect(n8n.credentialReads).toBe(1);
	});

	it('decides by the API alone: the body may say what it likes', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Failed', { events: ['failed'] });
		expect((await post(url, await notification(sandbox, id, 'Paid'))).body).toEqual({
			received: true,
		});
		expect(await passedOn(n8n)).toMatchObject([{ event: 'failed', invoice: { status: 'Failed' } }]);
	});

	it('that comes before the API says "Paid" is confirmed when it does, at the second question', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Invoice Created');
		const body = await notification(sandbox, id, 'Paid');
		const answer = post(url, body);
		await until(() => asked(sandbox, id).filter(({ status }) => status === 200).length === 1);
		sandbox.setStatus(id, 'Paid');
		expect((await answer).body).toEqual({ received: true });
		expect(asked(sandbox, id)).toHaveLength(2);
		expect(await passedOn(n8n)).toMatchObject([{ event: 'paid', invoice: { status: 'Paid' } }]);
	});
});

describe('The id of the invoice', () => {
	it('is found in a form, too', async () => {
		const { url, id } = await activeWith('Paid');
		const answer = await post(url, `transaction_id=${id}`, {
			'Content-Type': 'application/x-www-form-urlencoded',
		});
		expect(answer.body).toEqual({ received: true });
	});

	it('may stand behind those of an envelope, which the API does not know', async () => {
		const { n8n, url, id } = await activeWith('Paid');
		const body = { id: UNKNOWN_ID, transaction_id: id, status: 'Paid' };
		expect((await post(url, { ...body, invoice_id: UNKNOWN_ID })).body).toEqual({ received: true });
		expect((await post(url, { id, invoice: { id: UNKNOWN_ID } })).body).toEqual({
			received: true,
			duplicate: true,
		});
		expect(await passedOn(n8n)).toMatchObject([{ invoice: { id } }]);
	});

	it('may be in upper case: it is the same invoice', async () => {
		const { n8n, url, id } = await activeWith('Paid');
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
	])(
		'missing (%s) is answered with 400, without asking the API or reading the credential',
		async (_what, body) => {
			const { sandbox, n8n, url } = await active();
			const answer = await post(url, body);
			expect(answer.status).toBe(400);
			expect(answer.body).toEqual({ error: 'No invoice id that is a UUID in the body' });
			expect(answer.headers['content-type']).toMatch('application/json');
			expect(sandbox.requests).toEqual([]);
			expect(n8n.credentialReads).toBe(0);
			expect(n8n.executions).toEqual([]);
		},
	);
});

describe('A forged notification', () => {
	it("for another account's paid invoice gets 404", async () => {
		const { sandbox, n8n, url } = await active(
			{},
			{},
			{ apiKeys: ['sandbox-key', 'attacker-key'] },
		);
		const id = await invoiceThatIs(sandbox, 'Paid', { api_key: 'attacker-key' });
		expect((await post(url, { invoice: { id, status: 'Paid' } })).status).toBe(404);
		expect(n8n.executions).toEqual([]);
	});
});

describe('While testing', () => {
	it('the same notification starts the workflow each time', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.listen(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Paid');
		for (let time = 1; time <= 3; time++) {
			expect((await post(url, { invoice: { id, status: 'Paid' } })).body).toEqual({
				received: true,
			});
			await n8n.idle();
			expect(n8n.executions).toHaveLength(time);
			expect(n8n.getItems(n8n.executions[time - 1], 'After')).toMatchObject([
				{ event: 'paid', invoice: { id } },
			]);
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
