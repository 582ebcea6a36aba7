import { randomUUID } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { post, triggerWorkflow } from '../../engine/webhook';
import { asked, clear, invoicesThatAre, invoiceThatIs, stage } from './notifications/stage';

/** Requests at the API at once that are still "a few". */
const A_FEW = 10;

afterEach(clear);

describe('A flood of notifications', () => {
	it('of paid invoices gets through, with a few at the API at once', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const ids = await invoicesThatAre(sandbox, 'Paid', 100);
		sandbox.setLatency(40);
		const answers = await Promise.all(ids.map(async (id) => await post(url, { id })));

		expect(answers.every(({ status }) => status === 200)).toBe(true);
		expect(sandbox.peakInFlight).toBeLessThanOrEqual(A_FEW);
		expect(asked(sandbox)).toHaveLength(100);
		await n8n.idle();
		expect(n8n.executions).toHaveLength(100);
	});

	it('of forgeries keeps a few at the API at once, answers everybody in time, and starts nothing', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		sandbox.setLatency(1000);

		const answers = await Promise.all(
			Array.from({ length: 400 }, async () => await post(url, { invoice: { id: randomUUID(), status: 'Paid' } })),
		);

		expect(sandbox.peakInFlight).toBeLessThanOrEqual(A_FEW);
		expect(asked(sandbox).length).toBeLessThanOrEqual(A_FEW * 10);
		expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(10_000);
		const [told, refused] = [404, 503].map((wanted) => answers.filter(({ status }) => status === wanted));
		expect(told.length + refused.length).toBe(400);
		expect(told.length).toBeGreaterThan(A_FEW);
		for (const { headers, body } of refused) {
			expect(Number(headers['retry-after'])).toBeGreaterThan(0);
			expect(Object.keys(body as IDataObject)).toEqual(['error']);
		}
		expect(n8n.executions).toEqual([]);
	});

	it('keeps nobody waiting over 10 seconds, even where SafePays takes its time', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		sandbox.setLatency(3500);
		const answers = await Promise.all(Array.from({ length: 60 }, async () => await post(url, { id: randomUUID() })));
		expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(10_000);
		expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404, 503]));
		expect(sandbox.peakInFlight).toBeLessThanOrEqual(A_FEW);
	});

	it('leaves no trace: the next payment comes through at once', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Paid');
		await Promise.all(Array.from({ length: 300 }, async () => await post(url, { id: randomUUID() })));
		const answer = await post(url, { id });
		expect(answer.body).toEqual({ received: true });
		expect(answer.ms).toBeLessThan(3000);
	});

	it('of bodies without an id does not reach the API at all', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const answers = await Promise.all(Array.from({ length: 300 }, async (_, nth) => await post(url, { nth })));
		expect(answers.every(({ status }) => status === 400)).toBe(true);
		expect(sandbox.requests).toEqual([]);
		expect(n8n.credentialReads).toBe(0);
	});
});
