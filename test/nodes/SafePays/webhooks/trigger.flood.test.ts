import { randomUUID } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { post } from '../../../engine/post';
import { triggerWorkflow } from '../../../engine/workflows';
import { asked, clear, hurry, invoicesThatAre, invoiceThatIs, stage, useFastClock } from './stage';

/** Requests at the API at once that are still "a few": what all triggers of an account may have in flight. */
const A_FEW = 10;

afterEach(async () => {
	await hurry(clear());
	jest.useRealTimers();
});

describe('A flood of notifications', () => {
	it('of 100 paid invoices gets through, none turned away, with a few at the API at once', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const ids = await invoicesThatAre(sandbox, 'Paid', 100);
		sandbox.setLatency(40);
		sandbox.requests.length = 0;
		const answers = await Promise.all(
			ids.map(async (id) => await post(url, { invoice: { id, status: 'Paid' } })),
		);

		expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
		await n8n.idle();
		expect(sandbox.peakInFlight).toBeLessThanOrEqual(A_FEW);
		expect(asked(sandbox)).toHaveLength(100);
		expect(n8n.executions).toHaveLength(100);
		expect(n8n.executions.flatMap((execution) => n8n.getItems(execution, 'After'))).toHaveLength(
			100,
		);
	});

	it('of forgeries keeps a few at the API at once, and starts nothing', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		sandbox.setLatency(200);

		const answers = await Promise.all(
			Array.from(
				{ length: 200 },
				async () => await post(url, { invoice: { id: randomUUID(), status: 'Paid' } }),
			),
		);

		expect(sandbox.peakInFlight).toBeLessThanOrEqual(A_FEW);
		const [told, refused] = [404, 503].map((wanted) =>
			answers.filter(({ status }) => status === wanted),
		);
		expect(told.length + refused.length).toBe(200);
		expect(told.length).toBeGreaterThanOrEqual(5);
		for (const { headers, body } of refused) {
			expect(Number(headers['retry-after'])).toBeGreaterThan(0);
			expect(Object.keys(body as IDataObject)).toEqual(['error']);
		}
		expect(n8n.executions).toEqual([]);
	});

	it('that name another status than a paid invoice has is turned away once it is known for one', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Paid');
		const forge = async () =>
			await post(url, { invoice: { id, status: 'Failed' }, id: randomUUID() });
		await post(url, { invoice: { id, status: 'Paid' } });
		for (let nth = 0; nth < 12; nth++) expect(await forge()).toMatchObject({ status: 200 });

		sandbox.setLatency(200);
		const answers = await Promise.all(Array.from({ length: 30 }, forge));
		await n8n.idle();
		expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
		expect(n8n.executions).toHaveLength(1);
	});

	it('about invoices to which nothing has happened costs one execution each', async () => {
		useFastClock();
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Invoice Created');
		for (let round = 0; round < 4; round++) {
			for (const status of ['Paid', 'Paid', 'Failed', 'Unpaid'])
				expect(await hurry(post(url, { invoice: { id, status } }))).toMatchObject({ status: 200 });
			await hurry(n8n.idle());
		}
		expect(n8n.executions.map(({ status }) => status)).toEqual(['error']);

		jest.advanceTimersByTime(600_000);
		await hurry(post(url, { invoice: { id, status: 'Paid' } }));
		await hurry(n8n.idle());
		expect(n8n.executions).toHaveLength(2);
	});

	it('leaves no trace: the next payment comes through at once', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Paid');
		await Promise.all(
			Array.from({ length: 60 }, async () => await post(url, { id: randomUUID() })),
		);
		const answer = await post(url, { id });
		expect(answer.body).toEqual({ received: true });
		expect(answer.ms).toBeLessThan(3000);
	});

	it('of bodies without an id does not reach the API at all', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const answers = await Promise.all(
			Array.from({ length: 300 }, async (_, nth) => await post(url, { nth })),
		);
		expect(answers.every(({ status }) => status === 400)).toBe(true);
		expect(sandbox.requests).toEqual([]);
		expect(n8n.credentialReads).toBe(0);
	});
});
