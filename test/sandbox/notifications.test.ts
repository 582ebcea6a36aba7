import type { SandboxOptions } from '../../sandbox';
import { CLOSED_PORT } from '../../tools/harness/ports';
import type { Receiver } from './helpers';
import {
	closeAll,
	createInvoice,
	getInvoice,
	receiver,
	sandboxWith,
	stoppedClock,
} from './helpers';

afterEach(closeAll);

async function billed(hook: Pick<Receiver, 'url'>, options: SandboxOptions = {}) {
	const sandbox = await sandboxWith(options);
	const { id } = await createInvoice(sandbox, { webhook_url: hook.url });
	return { sandbox, id };
}

describe('what is sent', () => {
	it.each([
		['pay', 'Paid'],
		['decline', 'Failed'],
		['expire', 'Unpaid'],
	] as const)('is, on %s, the invoice as GET shows it, with status %s', async (action, status) => {
		const hook = await receiver((_nth, response) => response.end('{"received":true}'));
		const { sandbox, id } = await billed(hook);
		const deliveries = await sandbox[action](id);

		const invoice = await getInvoice(sandbox, id);
		expect(invoice.status).toBe(status);
		expect(hook.received).toHaveLength(1);
		const [{ method, headers, text }] = hook.received;
		expect([method, headers['content-type']]).toEqual(['POST', 'application/json']);
		expect(headers).not.toHaveProperty('x-safepays-event');
		expect(JSON.parse(text)).toEqual({ invoice });
		expect(deliveries).toEqual([
			{
				id: expect.any(String),
				invoiceId: id,
				invoiceStatus: status,
				url: hook.url,
				startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
				durationMs: expect.any(Number),
				attempt: 1,
				headers: {},
				body: { invoice },
				status: 200,
				responseBody: '{"received":true}',
				error: null,
			},
		]);
		expect(sandbox.deliveries).toEqual(deliveries);
	});

	it.each([
		['pay', 'payment_success'],
		['decline', 'payment_failed'],
		['expire', 'payment_overdue'],
	] as const)('is, on %s in the older format, the event %s', async (action, event) => {
		const hook = await receiver();
		const { now } = stoppedClock('2026-03-17T10:30:00Z');
		const { sandbox, id } = await billed(hook, { webhookFormat: 'legacy', now });
		await sandbox[action](id);
		const [{ headers, text }] = hook.received;
		expect(headers['x-safepays-event']).toBe(event);
		expect(headers['x-safepays-signature']).toMatch(/^[0-9a-f]{64}$/);
		expect(JSON.parse(text)).toEqual({
			event,
			timestamp: '2026-03-17T10:30:00.000Z',
			invoice: await getInvoice(sandbox, id),
		});
	});

	it('is nothing without a webhook_url, and nothing when the status stays the same', async () => {
		const hook = await receiver();
		const { sandbox, id } = await billed(hook);
		await sandbox.decline(id);
		expect(await sandbox.decline(id)).toEqual([]);
		const silent = await createInvoice(sandbox);
		expect(await sandbox.pay(silent.id)).toEqual([]);
		sandbox.setStatus(id, 'Paid');
		expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Paid', provider: 'card' });
		expect(hook.received).toHaveLength(1);
	});

	it('is Unpaid when a due date has gone by', async () => {
		const clock = stoppedClock('2026-03-17T10:30:00Z');
		let arrived: () => void = () => undefined;
		const arrival = new Promise<void>((resolve) => {
			arrived = resolve;
		});
		const hook = await receiver((_nth, response) => {
			response.end();
			arrived();
		});
		const { sandbox, id } = await billed(hook, { now: clock.now });
		clock.advanceSeconds(31 * 24 * 60 * 60);
		await getInvoice(sandbox, id);
		await arrival;
		await getInvoice(sandbox, id);
		expect(hook.received.map(({ text }) => JSON.parse(text).invoice.status)).toEqual(['Unpaid']);
	});

	it('is nothing of a paid invoice or an unknown one: both are refused', async () => {
		const { sandbox, id } = await billed(await receiver());
		await sandbox.pay(id);
		for (const action of ['pay', 'decline', 'expire'] as const) {
			await expect(sandbox[action](id)).rejects.toThrow('Invoice is already paid');
		}
		await expect(sandbox.pay('nobody')).rejects.toThrow('Invoice not found');
	});
});

describe('sending again and forging', () => {
	it('sends the notification that the invoice calls for now', async () => {
		const hook = await receiver();
		const { sandbox, id } = await billed(hook);
		expect(await sandbox.notify(id)).toMatchObject({
			status: 200,
			invoiceStatus: 'Invoice Created',
		});
		expect(JSON.parse(hook.received[0].text)).toEqual({ invoice: await getInvoice(sandbox, id) });
	});

	it('sends any body to any address with any headers', async () => {
		const hook = await receiver();
		const { sandbox, id } = await billed({ url: 'http://127.0.0.1:9/' });
		const headers = { 'X-Forged': 'yes' };
		await sandbox.notify(id, { url: hook.url, body: { invoice: { id, status: 'Paid' } }, headers });
		await sandbox.notify(id, {
			url: hook.url,
			body: 'not JSON',
			headers: { 'content-type': 'text/plain' },
		});
		expect(hook.received.map(({ text }) => text)).toEqual([
			JSON.stringify({ invoice: { id, status: 'Paid' } }),
			'not JSON',
		]);
		expect(hook.received[0].headers['x-forged']).toBe('yes');
		expect(hook.received[1].headers['content-type']).toBe('text/plain');
	});

	it('says when there is nowhere to send to', async () => {
		const sandbox = await sandboxWith();
		const { id } = await createInvoice(sandbox);
		await expect(sandbox.notify(id)).rejects.toThrow(`Invoice ${id} has no webhook_url`);
	});
});

describe('receivers that fail', () => {
	it('are not asked again by default', async () => {
		const hook = await receiver((_nth, response) =>
			response.writeHead(500).end('x'.repeat(10_000)),
		);
		const { sandbox, id } = await billed(hook);
		const [delivery] = await sandbox.pay(id);
		expect(delivery).toMatchObject({ status: 500, error: null });
		expect(delivery.responseBody).toHaveLength(2_000);
		expect(hook.received).toHaveLength(1);
	});

	it('are asked again as often as told, after the pause they ask for', async () => {
		const hook = await receiver((nth, response) => {
			response.writeHead(nth < 3 ? 503 : 200, {
				'Retry-After': nth === 1 ? '0' : new Date(0).toUTCString(),
			});
			response.end();
		});
		const { sandbox, id } = await billed(hook, { notificationRetries: 5 });
		const deliveries = await sandbox.pay(id);
		expect(deliveries.map(({ attempt, status }) => [attempt, status])).toEqual([
			[1, 503],
			[2, 503],
			[3, 200],
		]);
		expect(hook.received).toHaveLength(3);
	});

	it('are given up after the last try', async () => {
		const hook = await receiver((_nth, response) =>
			response.writeHead(500, { 'Retry-After': '0' }).end(),
		);
		const { sandbox, id } = await billed(hook, { notificationRetries: 2 });
		expect(await sandbox.pay(id)).toHaveLength(3);
	});

	it('are recorded when they refuse the connection', async () => {
		const { sandbox, id } = await billed({ url: `http://127.0.0.1:${CLOSED_PORT}/` });
		const [delivery] = await sandbox.pay(id);
		expect(delivery).toMatchObject({
			status: null,
			error: expect.stringContaining('ECONNREFUSED'),
		});
	});

	it('are recorded when they do not answer in time', async () => {
		const hook = await receiver(() => undefined);
		const { sandbox, id } = await billed(hook, { notificationTimeoutMs: 50 });
		const [delivery] = await sandbox.pay(id);
		expect(delivery).toMatchObject({ status: null, error: 'No answer within 0.05 s' });
	});

	it('do not redirect', async () => {
		const hook = await receiver((_nth, response) =>
			response.writeHead(307, { Location: '/on' }).end(),
		);
		const { sandbox, id } = await billed(hook);
		expect(await sandbox.pay(id)).toMatchObject([{ status: 307 }]);
		expect(hook.received).toHaveLength(1);
	});
});

it('sends copies at the same moment, on request', async () => {
	const waiting: Array<() => void> = [];
	const hook = await receiver((_nth, response) => {
		waiting.push(() => response.end());
		if (waiting.length === 3) waiting.forEach((end) => end());
	});
	const { sandbox, id } = await billed(hook, { duplicateNotifications: 2 });
	expect(await sandbox.pay(id)).toMatchObject([{ status: 200 }, { status: 200 }, { status: 200 }]);
	expect(new Set(hook.received.map(({ text }) => text)).size).toBe(1);
});

it('sends late, on request', async () => {
	const hook = await receiver();
	const { sandbox, id } = await billed(hook, { notificationDelayMs: 80 });
	const start = performance.now();
	const paid = sandbox.pay(id);
	expect(await getInvoice(sandbox, id)).toMatchObject({ status: 'Paid' });
	expect(hook.received).toHaveLength(0);
	await paid;
	expect(performance.now() - start).toBeGreaterThanOrEqual(79);
	expect(hook.received).toHaveLength(1);
});
