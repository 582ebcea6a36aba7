import type { IDataObject } from 'n8n-workflow';

import { processedData } from '../../../engine';
import { post } from '../../../engine/post';
import { triggerWorkflow } from '../../../engine/workflows';
import { getInvoice } from '../../../sandbox/helpers';
import { until } from '../../../support';
import {
	active,
	activeWith,
	asked,
	clear,
	DUPLICATE,
	invoicesThatAre,
	invoiceThatIs,
	passedOn,
	RECEIVED,
	stage,
} from './stage';

afterEach(clear);

const ALL = { events: ['paid', 'failed', 'unpaid'] };

describe('The same event', () => {
	it('again, later, is answered as a duplicate without asking the API, and starts nothing', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid', ALL);
		const body = { invoice: { id, status: 'Paid' } };
		expect((await post(url, body)).body).toEqual(RECEIVED);
		const [requests, reads] = [asked(sandbox).length, n8n.credentialReads];

		const again = await post(url, body);

		expect(again.status).toBe(200);
		expect(again.body).toEqual(DUPLICATE);
		expect(asked(sandbox)).toHaveLength(requests);
		expect(n8n.credentialReads).toBe(reads);
		expect(await passedOn(n8n)).toHaveLength(1);
		expect(n8n.executions).toHaveLength(1);
	});

	it('100 times at the same moment starts the workflow once, with a single question to the API', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid', ALL);
		sandbox.setLatency(100);

		const answers = await Promise.all(
			Array.from({ length: 100 }, async () => await post(url, { invoice: { id } })),
		);

		expect(answers.every(({ status }) => status === 200)).toBe(true);
		expect(answers.filter(({ body }) => !('duplicate' in (body as object)))).toHaveLength(1);
		expect(n8n.executions).toHaveLength(1);
		expect(await passedOn(n8n)).toHaveLength(1);
		expect(asked(sandbox)).toHaveLength(1);
	});

	it('100 times at the same moment, while SafePays hangs once, still starts the workflow once', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid', ALL);
		sandbox.addFault({ kind: 'resetBefore', times: 1 });
		const answers = await Promise.all(
			Array.from({ length: 100 }, async () => await post(url, { invoice: { id } })),
		);
		expect(answers.filter(({ body }) => !('duplicate' in (body as object)))).toHaveLength(1);
		expect(n8n.executions).toHaveLength(1);
	});

	it('after a restart of n8n ends at the trigger, without items', async () => {
		const { n8n, url, id } = await activeWith('Paid', ALL);
		const body = { invoice: { id, status: 'Paid' } };
		expect((await post(url, body)).body).toEqual(RECEIVED);
		await n8n.idle();
		n8n.restart();
		expect((await post(url, body)).body).toEqual(RECEIVED);
		expect(await passedOn(n8n)).toHaveLength(1);
		expect((await post(url, { id })).body).toEqual(DUPLICATE);
		expect(n8n.world.staticData ?? {}).toEqual({});
	});

	it.each(['Paid', 'Invoice Created', '', 'anything', 7])(
		'with the body saying "%s" once it was passed on as paid needs no question: nothing new is said',
		async (status) => {
			const { sandbox, n8n, url, id } = await activeWith('Paid', ALL);
			await post(url, { invoice: { id } });
			sandbox.requests.length = 0;
			expect((await post(url, { invoice: { id, status } })).body).toEqual(DUPLICATE);
			expect(sandbox.requests).toEqual([]);
			expect(await passedOn(n8n)).toHaveLength(1);
		},
	);

	it('is passed on as paid only once where a late copy says that it failed', async () => {
		const { sandbox, n8n, url } = await active(ALL);
		const id = await invoiceThatIs(sandbox, 'Paid');
		await post(url, { invoice: { id } });
		expect((await post(url, { invoice: { id, status: 'Failed' } })).body).toEqual(DUPLICATE);
		expect(await passedOn(n8n)).toHaveLength(1);
	});

	it('starts the workflow each time where Deduplicate is off', async () => {
		const { n8n, url, id } = await activeWith('Paid', { ...ALL, options: { deduplicate: false } });
		for (let time = 0; time < 3; time++)
			expect((await post(url, { invoice: { id } })).body).toEqual(RECEIVED);
		expect(await passedOn(n8n)).toHaveLength(3);
		expect(n8n.world.staticData ?? {}).toEqual({});
	});

	it('reaches each of two triggers once', async () => {
		const { sandbox, n8n, url } = await active(ALL);
		const second = await stage({}, { credentials: n8n.world.credentials });
		const other = second.n8n.activate(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Paid');
		for (const to of [url, other]) {
			expect((await post(to, { id })).body).toEqual(RECEIVED);
			expect((await post(to, { id })).body).toEqual(DUPLICATE);
		}
		expect(await passedOn(n8n)).toHaveLength(1);
		expect(await passedOn(second.n8n)).toHaveLength(1);
	});
});

describe('Different events', () => {
	it('of one invoice, failed and then paid, are both passed on, once each', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Failed', ALL);
		expect((await post(url, { invoice: { id, status: 'Failed' } })).body).toEqual(RECEIVED);
		expect((await post(url, { invoice: { id, status: 'Failed' } })).body).toEqual(DUPLICATE);
		sandbox.setStatus(id, 'Paid');
		expect((await post(url, { invoice: { id, status: 'Paid' } })).body).toEqual(RECEIVED);
		expect((await post(url, { invoice: { id, status: 'Paid' } })).body).toEqual(DUPLICATE);
		expect((await post(url, { invoice: { id, status: 'Failed' } })).body).toEqual(DUPLICATE);
		expect((await passedOn(n8n)).map(({ event }) => event)).toEqual(['failed', 'paid']);
	});

	it.each(['Failed', 'Unpaid'] as const)(
		'of one invoice, paid and then %s by the API, are both passed on, once each',
		async (status) => {
			const { sandbox, n8n, url } = await active(ALL);
			const id = await invoiceThatIs(sandbox, 'Paid');
			expect((await post(url, { invoice: { id, status: 'Paid' } })).body).toEqual(RECEIVED);
			sandbox.setStatus(id, status);
			expect((await post(url, { invoice: { id, status } })).body).toEqual(RECEIVED);
			expect((await post(url, { invoice: { id, status } })).body).toEqual(DUPLICATE);
			const events = (await passedOn(n8n)).map(({ event }) => event);
			expect(events).toEqual(['paid', status.toLowerCase()]);
		},
	);

	it('of one invoice, paid and then failed by the API, are answered as ignored where failed is not chosen', async () => {
		const { sandbox, n8n, url } = await active();
		const id = await invoiceThatIs(sandbox, 'Paid');
		await post(url, { invoice: { id, status: 'Paid' } });
		sandbox.setStatus(id, 'Failed');
		expect((await post(url, { invoice: { id, status: 'Failed' } })).body).toEqual({
			received: true,
			ignored: 'Failed',
		});
		expect(await passedOn(n8n)).toHaveLength(1);
	});

	it('of an invoice whose notification names a paid one, too, are passed on', async () => {
		const { sandbox, n8n, url } = await active(ALL);
		const [first, second] = await invoicesThatAre(sandbox, 'Paid', 2);
		expect((await post(url, { invoice: { id: first } })).body).toEqual(RECEIVED);
		const body = { invoice: { id: second, status: 'Paid' }, transaction_id: first };
		expect((await post(url, body)).body).toEqual(RECEIVED);
		expect(await passedOn(n8n)).toMatchObject([
			{ invoice: { id: first } },
			{ invoice: { id: second } },
		]);
	});

	it('of one invoice are not mixed up when the second comes while the first is still being asked about', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Failed', ALL);
		sandbox.requests.length = 0;
		// The answer is made before the payment, and arrives after its notification.
		sandbox.addFault({ kind: 'slow', ms: 700, times: 1 });
		const failed = post(url, { invoice: { id, status: 'Failed' } });
		await until(() => asked(sandbox).length === 1);
		await getInvoice(sandbox, id);
		sandbox.setStatus(id, 'Paid');
		const paid = post(url, { invoice: { id, status: 'Paid' } });
		expect((await failed).body).toEqual(RECEIVED);
		expect((await paid).body).toEqual(RECEIVED);
		expect((await passedOn(n8n)).map(({ event }) => event).sort()).toEqual(['failed', 'paid']);
	});

	it('of one invoice are not mixed up either where the notifications do not say which', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Failed', ALL);
		sandbox.requests.length = 0;
		sandbox.addFault({ kind: 'slow', ms: 700, times: 1 });
		const failed = post(url, { transaction_id: id });
		await until(() => asked(sandbox).length === 1);
		await getInvoice(sandbox, id);
		sandbox.setStatus(id, 'Paid');
		const paid = post(url, { transaction_id: id });
		expect((await failed).body).toEqual(RECEIVED);
		expect((await paid).body).toEqual(RECEIVED);
		expect((await passedOn(n8n)).map(({ event }) => event).sort()).toEqual(['failed', 'paid']);
	});

	it('of many invoices at the same moment all start the workflow', async () => {
		const { sandbox, n8n, url } = await active(ALL);
		const ids = await invoicesThatAre(sandbox, 'Paid', 40);
		const answers = await Promise.all(ids.map(async (id) => await post(url, { id })));
		expect(answers.map(({ body }) => body)).toEqual(ids.map(() => RECEIVED));
		const items = await passedOn(n8n);
		expect(items.map(({ invoice }) => (invoice as IDataObject).id).sort()).toEqual([...ids].sort());
	});
});

describe('An event that n8n could not start an execution for', () => {
	it('is let through when SafePays sends it again', async () => {
		const { n8n, url, id } = await activeWith('Paid', ALL);
		n8n.beforeStart = () => {
			throw new Error('The database is away');
		};
		expect((await post(url, { invoice: { id, status: 'Paid' } })).status).toBe(500);
		expect(n8n.executions).toEqual([]);
		n8n.beforeStart = undefined;
		expect((await post(url, { invoice: { id, status: 'Paid' } })).body).toEqual(RECEIVED);
		expect((await post(url, { invoice: { id, status: 'Paid' } })).body).toEqual(DUPLICATE);
		expect(await passedOn(n8n)).toHaveLength(1);
	});

	it('is let through after a restart as well', async () => {
		const { n8n, url, id } = await activeWith('Paid', ALL);
		n8n.beforeStart = () => {
			throw new Error('The database is away');
		};
		await post(url, { invoice: { id, status: 'Paid' } });
		n8n.beforeStart = undefined;
		n8n.restart();
		expect((await post(url, { invoice: { id, status: 'Paid' } })).body).toEqual(RECEIVED);
		expect(await passedOn(n8n)).toHaveLength(1);
	});
});

describe('What another n8n process has passed on', () => {
	it('ends at the trigger, without items, though this process did not know', async () => {
		const { sandbox, n8n, url } = await active(ALL);
		const ids = await invoicesThatAre(sandbox, 'Paid', 2);
		await post(url, { id: ids[0] });
		await n8n.idle();

		// Another process: memory of its own.
		n8n.restart();
		expect((await post(url, { id: ids[0] })).body).toEqual(RECEIVED);
		expect((await post(url, { id: ids[1] })).body).toEqual(RECEIVED);
		await n8n.idle();

		const [first, copy, other] = n8n.executions;
		expect(n8n.getItems(first, 'After')).toHaveLength(1);
		expect(copy.status).toBe('success');
		expect(Object.keys(n8n.getResult(copy).runData)).toEqual(['SafePays Trigger']);
		expect(n8n.getItems(copy, 'SafePays Trigger')).toEqual([]);
		expect(n8n.getItems(other, 'After')).toMatchObject([{ invoice: { id: ids[1] } }]);
	});

	it('ends at the trigger also when both were started at the same moment', async () => {
		const { sandbox, n8n, url } = await active(ALL);
		const twin = await stage(
			{},
			{ credentials: n8n.world.credentials, workflowId: n8n.world.workflowId },
		);
		twin.n8n.restart();
		const other = twin.n8n.activate(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Paid');
		processedData.delayMs = 10;
		try {
			const answers = await Promise.all([post(url, { id }), post(other, { id })]);
			expect(answers.map(({ body }) => body)).toEqual([RECEIVED, RECEIVED]);
			expect([...(await passedOn(n8n)), ...(await passedOn(twin.n8n))]).toHaveLength(1);
		} finally {
			processedData.delayMs = 0;
		}
	});

	it('is told apart by its status: failed at one process and paid at the other are two events', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Failed', ALL);
		await post(url, { id });
		await n8n.idle();
		n8n.restart();
		sandbox.setStatus(id, 'Paid');
		await post(url, { id });
		expect((await passedOn(n8n)).map(({ event }) => event)).toEqual(['failed', 'paid']);
	});

	it('is passed on all the same where Deduplicate is off', async () => {
		const { n8n, url, id } = await activeWith('Paid', { ...ALL, options: { deduplicate: false } });
		await post(url, { id });
		n8n.restart();
		await post(url, { id });
		expect(await passedOn(n8n)).toHaveLength(2);
	});
});
