import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { sleep, WAIT_INDEFINITELY } from 'n8n-workflow';

import type { Sandbox } from '../../../sandbox';
import { NODE_NAME } from '../../engine';
import type { Execution } from '../../engine/executions';
import type { N8n } from '../../engine/n8n';
import { signsResumeUrls } from '../../engine/olderN8n';
import { post } from '../../engine/post';
import { getInvoice } from '../../sandbox/helpers';
import { CREATE, insertBefore, getNode, waitWorkflow } from './waitWorkflow';
import { until } from '../../support';
import type { Stage } from './webhooks/stage';
import { asked, clear, DUPLICATE, PENDING, RECEIVED, shuffled, stage } from './webhooks/stage';

afterEach(clear);

function orders(count: number): IDataObject[] {
	return Array.from({ length: count }, (_, nth) => ({
		email: `buyer${nth}@example.com`,
		amount: 10 + nth,
	}));
}

interface Waiting extends Stage {
	execution: Execution;
	/** In input order. */
	ids: string[];
	/** The webhook URL of the invoices. */
	url: string;
}

/** An execution that waits for the payment of its invoices. */
async function waiting(count: number, parameters: INodeParameters = {}): Promise<Waiting> {
	const { sandbox, n8n } = await stage();
	const execution = await n8n.run(waitWorkflow(parameters), orders(count));
	const ids = idsInOrder(sandbox, orders(count));
	sandbox.requests.length = 0;
	return {
		sandbox,
		n8n,
		execution,
		ids,
		url: sandbox.books.invoices.get(ids[0])?.webhookUrl ?? '',
	};
}

/** The ids of the invoices of these orders, in their order. */
function idsInOrder(sandbox: Sandbox, of: IDataObject[]): string[] {
	const invoices = [...sandbox.books.invoices.values()];
	return of.map(({ email }) => invoices.find((invoice) => invoice.email === email)?.id ?? '');
}

/** What the API says of each, as the node has to hand it out. */
async function finalOutput(sandbox: Sandbox, ids: string[]): Promise<IDataObject[]> {
	return await Promise.all(
		ids.map(async (id) => ({ ...(await getInvoice(sandbox, id)), timedOut: false })),
	);
}

async function pay(
	sandbox: Sandbox,
	id: string,
): Promise<{ status: number | null; body: unknown }> {
	const [{ status, responseBody }] = await sandbox.pay(id);
	return { status, body: JSON.parse(responseBody ?? 'null') as unknown };
}

function pairs(n8n: N8n, execution: Execution): unknown[] {
	return n8n.getOutputs(execution)[0].map(({ pairedItem }) => pairedItem);
}

describe('Wait for Payment', () => {
	it('gives each invoice the resume URL of its execution, and waits', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(3);
		expect(execution.status).toBe('waiting');
		expect(ids).toHaveLength(3);
		const token = (JSON.parse(execution.data ?? '') as unknown[]).find(
			(value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
		);
		for (const { webhookUrl } of sandbox.books.invoices.values()) {
			const url = `${n8n.world.baseUrl}/webhook-waiting/${execution.id}`;
			expect(webhookUrl).toBe(signsResumeUrls ? `${url}?signature=${String(token)}` : url);
		}
		expect(n8n.getResult(execution).runData).not.toHaveProperty('After');
	});

	it.each<[INodeParameters, number | Date]>([
		[{}, 30 * 86_400_000],
		[{ waitAmount: 90, waitUnit: 'minutes' }, 90 * 60_000],
		[{ waitAmount: 1.5, waitUnit: 'hours' }, 1.5 * 3_600_000],
		[{ waitAmount: 2, waitUnit: 'days' }, 2 * 86_400_000],
		[{ limitWaitTime: false, waitAmount: 2, waitUnit: 'days' }, WAIT_INDEFINITELY],
	])('set to %j waits as long as asked', async (parameters, expected) => {
		const before = Date.now();
		const { execution } = await waiting(1, parameters);
		const until = execution.waitTill?.getTime() ?? 0;
		if (expected instanceof Date) expect(until).toBe(expected.getTime());
		else {
			expect(until).toBeGreaterThanOrEqual(before + expected);
			expect(until).toBeLessThanOrEqual(Date.now() + expected);
		}
	});

	it('goes on once all are paid, with each in the place of its input', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(3);
		for (const nth of [2, 0]) {
			expect(await pay(sandbox, ids[nth])).toEqual({ status: 200, body: RECEIVED });
			expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
		}
		expect(await pay(sandbox, ids[1])).toEqual({ status: 200, body: RECEIVED });
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
		expect(pairs(n8n, execution)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
	});

	it('does not wait for invoices that are all paid before it could', async () => {
		const { sandbox, n8n } = await stage();
		const running = n8n.run(waitWorkflow(), orders(2));
		sandbox.setLatency(50);
		await until(() => sandbox.books.invoices.size === 2);
		for (const id of sandbox.books.invoices.keys()) sandbox.setStatus(id, 'Paid');
		const execution = await running;
		expect(execution.status).toBe('success');
		expect(n8n.getItems(execution, 'After')).toMatchObject(
			await finalOutput(sandbox, idsInOrder(sandbox, orders(2))),
		);
		expect(pairs(n8n, execution)).toEqual([{ item: 0 }, { item: 1 }]);
	});

	it('learns from a later notification of a payment whose own came before n8n waited', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(2);
		sandbox.setStatus(ids[0], 'Paid');
		expect(await pay(sandbox, ids[1])).toEqual({ status: 200, body: RECEIVED });
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
	});

	it('waits again and again in one execution, as in a loop: each wait is its own', async () => {
		const { sandbox, n8n } = await stage();
		const json = waitWorkflow();
		// The second of two such nodes stands where "After" was.
		const [create, wait] = [CREATE, NODE_NAME].map((of) => structuredClone(getNode(json, of)));
		Object.assign(getNode(json, 'After'), { ...wait, id: 'second wait', name: 'After' });
		Object.assign(create, { id: 'second create', name: 'Create another' });
		Object.assign(create.parameters, { email: 'second@example.com', amount: 5 });
		insertBefore(json, 'After', create);
		const execution = await n8n.run(json, orders(1));
		const [id] = idsInOrder(sandbox, orders(1));
		expect((await pay(sandbox, id)).status).toBe(200);
		await n8n.idle();
		expect(execution.status).toBe('waiting');

		const [secondId] = idsInOrder(sandbox, [{ email: 'second@example.com' }]);
		expect(await pay(sandbox, secondId)).toEqual({ status: 200, body: RECEIVED });
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 2 });
		expect(n8n.getItems(execution, 'After')).toMatchObject(await finalOutput(sandbox, [secondId]));
	});

	it('waits for each batch of a loop over the same node', async () => {
		const { sandbox, n8n } = await stage();
		const json = waitWorkflow();
		Object.assign(getNode(json, CREATE).parameters, {
			email: '={{ $runIndex === 0 ? $json.email : "later@example.com" }}',
			amount: 7,
		});
		// "After" leads back once.
		json.connections.After = { main: [[{ node: CREATE, type: 'main', index: 0 }]] };
		const execution = await n8n.run(json, orders(1));
		const [id] = idsInOrder(sandbox, orders(1));
		expect((await pay(sandbox, id)).status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'waiting', resumed: 1 });
		const [laterId] = idsInOrder(sandbox, [{ email: 'later@example.com' }]);
		expect((await pay(sandbox, laterId)).status).toBe(200);
		await n8n.idle();
		expect(execution.resumed).toBe(2);
		expect(n8n.getItems(execution, 'After')).toMatchObject(await finalOutput(sandbox, [laterId]));
	});
});

describe('A notification that changes nothing', () => {
	it.each(['Failed', 'Unpaid'] as const)(
		'says %s, which is not what is waited for',
		async (status) => {
			const { sandbox, execution, ids, url } = await waiting(1);
			sandbox.setStatus(ids[0], status);
			const answer = await post(url, { invoice: { id: ids[0], status } });
			expect(answer).toMatchObject({ status: 200, body: { received: true, ignored: status } });
			expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
		},
	);

	it('comes a second time: it is a duplicate, and nothing is asked about its invoice', async () => {
		const { sandbox, execution, ids, url } = await waiting(2);
		await pay(sandbox, ids[1]);
		sandbox.requests.length = 0;
		const answer = await post(url, { invoice: { id: ids[1], status: 'Paid' } });
		expect(answer).toMatchObject({ status: 200, body: DUPLICATE });
		expect(asked(sandbox, ids[1])).toEqual([]);
		expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
	});
});

describe('A notification that the API cannot settle', () => {
	it('is accepted, its copies are duplicates, and the execution goes on by itself', async () => {
		const { sandbox, n8n, execution, ids, url } = await waiting(1);
		sandbox.setStatus(ids[0], 'Paid');
		sandbox.addFault({ kind: 'status', status: 500 });
		const notification = { invoice: { id: ids[0], status: 'Paid' } };
		expect(await post(url, notification)).toMatchObject({ status: 200, body: PENDING });
		expect(await post(url, notification)).toMatchObject({ status: 200, body: DUPLICATE });
		expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
		sandbox.clearFaults();
		await until(() => execution.resumed === 1);
		await n8n.idle();
		expect(execution.status).toBe('success');
		expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
	});

	it('goes on after another one has settled it, and once', async () => {
		const { sandbox, n8n, execution, ids, url } = await waiting(1);
		sandbox.setStatus(ids[0], 'Paid');
		sandbox.addFault({ kind: 'status', status: 500 });
		expect((await post(url, { id: ids[0] })).body).toEqual(PENDING);
		sandbox.clearFaults();
		expect((await post(url, { invoice: { id: ids[0], status: 'Paid' } })).body).toEqual(RECEIVED);
		await n8n.idle();
		const questions = asked(sandbox).length;
		await sleep(3000);
		expect(asked(sandbox)).toHaveLength(questions);
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
	});

	it('says Paid while the API still says otherwise: the API is asked on', async () => {
		const { sandbox, n8n, execution, ids, url } = await waiting(1);
		expect((await post(url, { invoice: { id: ids[0], status: 'Paid' } })).body).toEqual(PENDING);
		expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
		sandbox.setStatus(ids[0], 'Paid');
		await until(() => execution.resumed === 1);
		await n8n.idle();
		expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
	});

	it('is true, but the others cannot be asked about', async () => {
		const { sandbox, n8n, execution, ids, url } = await waiting(2);
		sandbox.setStatus(ids[0], 'Paid');
		sandbox.setStatus(ids[1], 'Paid');
		sandbox.addFault({ kind: 'status', status: 500, on: { path: `/api/v2/invoice/${ids[0]}` } });
		expect(await post(url, { id: ids[1] })).toMatchObject({ status: 200, body: PENDING });
		expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
		sandbox.clearFaults();
		await until(() => execution.resumed === 1);
		await n8n.idle();
		expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
	});

	it('is asked about until it is settled, though others of the execution are open', async () => {
		const { sandbox, execution, ids, url } = await waiting(2);
		sandbox.addFault({ kind: 'status', status: 500 });
		expect((await post(url, { id: ids[1] })).body).toEqual(PENDING);
		sandbox.setStatus(ids[1], 'Paid');
		sandbox.clearFaults();
		sandbox.requests.length = 0;
		await until(() => asked(sandbox, ids[0]).length > 0);
		expect(asked(sandbox, ids[1])).toHaveLength(1);
		expect(await post(url, { invoice: { id: ids[1], status: 'Paid' } })).toMatchObject({
			body: DUPLICATE,
		});
		expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
	});

	it('is asked about with the key that the credential has by then', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(1);
		const { apiKey } = n8n.world.credentials;
		n8n.world.credentials.apiKey = 'a-key-that-is-wrong';
		expect((await pay(sandbox, ids[0])).body).toEqual(PENDING);
		expect(n8n.log.join()).toContain('Check the API key in the SafePays credential');
		expect(n8n.log.join()).not.toContain('a-key-that-is-wrong');
		n8n.world.credentials.apiKey = apiKey;
		await until(() => execution.resumed === 1);
		await n8n.idle();
		expect(execution.status).toBe('success');
	});
});

describe('What the background cannot do', () => {
	/** So short a wait is not looked at once more. */
	const SHORT = { waitAmount: 0.05, waitUnit: 'minutes' };

	afterEach(() => jest.restoreAllMocks());

	it('is told in the log: n8n does not reach its own address', async () => {
		const { sandbox, n8n, execution, ids, url } = await waiting(1, SHORT);
		n8n.world.baseUrl = 'http://127.0.0.1:1';
		sandbox.addFault({ kind: 'status', status: 500 });
		sandbox.setStatus(ids[0], 'Paid');
		expect((await post(url, { id: ids[0] })).body).toMatchObject({ pending: true });
		sandbox.clearFaults();
		await until(() => n8n.log.join().includes('own address'));
		expect(n8n.log.at(-1)).toMatch(/127\.0\.0\.1:1 \(ECONNREFUSED\)\. The execution waits/);
		expect(n8n.log.at(-1)).not.toContain('signature');
		expect(execution.status).toBe('waiting');
		expect((await post(url, { id: ids[0] })).body).toEqual(RECEIVED);
		await n8n.idle();
		expect(execution.status).toBe('success');
	}, 20_000);

	it('is told in the log: SafePays could not be asked for ten minutes', async () => {
		const { sandbox, n8n, execution, ids, url } = await waiting(1, SHORT);
		sandbox.addFault({ kind: 'status', status: 500 });
		expect((await post(url, { id: ids[0] })).body).toMatchObject({ pending: true });
		const now = Date.now;
		jest.spyOn(Date, 'now').mockImplementation(() => now() + 600_000);
		await until(() => n8n.log.join().includes('could not be asked in time'));
		expect(n8n.log.at(-1)).toContain(ids[0]);
		expect(execution.status).toBe('waiting');
		sandbox.clearFaults();
		expect((await pay(sandbox, ids[0])).body).toEqual(RECEIVED);
		await n8n.idle();
		expect(execution.status).toBe('success');
	}, 20_000);
});

describe('A payment that falls between the question and the wait', () => {
	it('is found by one more look, some seconds later', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(2);
		for (const id of ids) sandbox.setStatus(id, 'Paid');
		await until(() => execution.resumed === 1);
		await n8n.idle();
		expect(execution.status).toBe('success');
		expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
		expect(n8n.crashes).toEqual([]);
	}, 20_000);

	it('is not looked for again while something is open', async () => {
		const { sandbox, execution, ids } = await waiting(2);
		sandbox.setStatus(ids[0], 'Paid');
		await until(() => asked(sandbox, ids[1]).length > 0);
		const questions = asked(sandbox).length;
		await sleep(6000);
		expect(asked(sandbox)).toHaveLength(questions);
		expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
	}, 20_000);
});

describe('Payments in any order and number', () => {
	it.each([1, 2, 3])(
		'of 50 invoices resume once, with few questions to the API (order %i)',
		async (seed) => {
			const { sandbox, n8n, execution, ids } = await waiting(50);
			let most = 0;
			let last = 0;
			for (const nth of shuffled(50, seed)) {
				expect(execution.status).toBe('waiting');
				expect((await pay(sandbox, ids[nth])).body).toEqual(RECEIVED);
				most = Math.max(most, asked(sandbox).length - last);
				last = asked(sandbox).length;
			}
			expect(most).toBeLessThanOrEqual(3);
			expect(last).toBeLessThanOrEqual(100);
			await n8n.idle();
			expect(execution).toMatchObject({ status: 'success', resumed: 1 });
			expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
		},
	);

	it('at the same moment resume once', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(10);
		const answers = await Promise.all(ids.map(async (id) => await pay(sandbox, id)));
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
		expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([]);
	});

	it('of one invoice, notified many times at the same moment, resume once', async () => {
		const { sandbox, n8n, execution, ids, url } = await waiting(1);
		sandbox.setStatus(ids[0], 'Paid');
		const answers = await Promise.all(
			Array.from({ length: 20 }, async () => await post(url, { id: ids[0] })),
		);
		await n8n.idle();
		expect(execution.resumed).toBe(1);
		expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
		expect(asked(sandbox)).toHaveLength(1);
	});

	it.each([undefined, 'Paid'])(
		'of one invoice at the same moment, saying "%s", are all duplicates but one',
		async (status) => {
			const { sandbox, n8n, execution, ids, url } = await waiting(2);
			sandbox.setStatus(ids[0], 'Paid');
			const copies = Array.from({ length: 5 }, async () => {
				return (await post(url, { invoice: { id: ids[0], status } })).body;
			});
			const answers = await Promise.all(copies);
			await n8n.idle();
			expect(execution.status).toBe('waiting');
			expect(answers.filter((body) => !('duplicate' in (body as object)))).toEqual([RECEIVED]);
		},
	);

	it('go on after a restart of n8n in the middle', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(5);
		await pay(sandbox, ids[3]);
		await pay(sandbox, ids[0]);
		n8n.restart();
		for (const nth of [4, 1]) expect((await pay(sandbox, ids[nth])).body).toEqual(RECEIVED);
		n8n.restart();
		expect(execution.status).toBe('waiting');
		expect((await pay(sandbox, ids[2])).body).toEqual(RECEIVED);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
	});

	it('after a restart, with a slow SafePays, are answered within 5 seconds and resume in the end', async () => {
		const { sandbox, n8n, execution, ids, url } = await waiting(6);
		for (const id of ids) sandbox.setStatus(id, 'Paid');
		n8n.restart();
		sandbox.setLatency(2000);
		const answer = await post(url, { id: ids[5] });
		expect(answer).toMatchObject({ status: 200, body: { received: true, pending: true } });
		expect(answer.ms).toBeLessThan(5000);
		sandbox.setLatency(0);
		await until(() => execution.resumed === 1);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
	});

	it('are taken up again where n8n could not resume at first', async () => {
		const { sandbox, n8n, execution, ids, url } = await waiting(1);
		n8n.beforeStart = () => {
			throw new Error('The database is away');
		};
		expect((await pay(sandbox, ids[0])).status).toBe(500);
		expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
		n8n.beforeStart = undefined;
		expect((await post(url, { id: ids[0] })).status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
	});
});

describe('Resume On "Paid or Failed"', () => {
	it('goes on when each is paid or failed', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(2, { resumeOn: 'paidOrFailed' });
		await sandbox.decline(ids[0]);
		expect(execution.status).toBe('waiting');
		await sandbox.pay(ids[1]);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		expect(n8n.getItems(execution)).toMatchObject(await finalOutput(sandbox, ids));
		expect(n8n.getItems(execution).map(({ status }) => status)).toEqual(['Failed', 'Paid']);
	});

	it('hands out as paid what had failed and was paid after all', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(2, { resumeOn: 'paidOrFailed' });
		await sandbox.decline(ids[0]);
		expect((await pay(sandbox, ids[0])).status).toBe(200);
		await sandbox.pay(ids[1]);
		await n8n.idle();
		expect(execution.resumed).toBe(1);
		expect(n8n.getItems(execution).map(({ status }) => status)).toEqual(['Paid', 'Paid']);
	});

	it('does not go on for one that is only unpaid', async () => {
		const { sandbox, execution, ids } = await waiting(1, { resumeOn: 'paidOrFailed' });
		const [{ responseBody }] = await sandbox.expire(ids[0]);
		expect(JSON.parse(responseBody ?? '')).toEqual({ received: true, ignored: 'Unpaid' });
		expect(execution.status).toBe('waiting');
	});
});

describe('When the time runs out', () => {
	it('goes on with the invoices as they were last seen and "timedOut": true', async () => {
		const { sandbox, n8n, execution, ids } = await waiting(3);
		await sandbox.pay(ids[1]);
		await n8n.timeOut(execution);
		expect(execution.status).toBe('success');
		const items = n8n.getItems(execution, 'After');
		expect(items.map(({ id, timedOut }) => ({ id, timedOut }))).toEqual(
			ids.map((id) => ({ id, timedOut: true })),
		);
		for (const item of items) {
			expect(item).toMatchObject({ currency: 'USD', status: 'Invoice Created' });
			expect(item.payment_link).toMatch(/^http/);
		}
		expect(pairs(n8n, execution)).toMatchObject([{ item: 0 }, { item: 1 }, { item: 2 }]);
	});

	it('and after payment alike, the node before keeps its own items', async () => {
		const { sandbox, n8n, execution } = await waiting(2);
		await n8n.timeOut(execution);
		expect(n8n.getItems(execution, CREATE)[0]).not.toHaveProperty('timedOut');
		const paid = await n8n.run(waitWorkflow(), orders(1));
		for (const { id, status } of [...sandbox.books.invoices.values()])
			if (status !== 'Paid') await sandbox.pay(id);
		await n8n.idle();
		expect(paid.status).toBe('success');
		expect(n8n.getItems(paid, CREATE)[0]).toMatchObject({ status: 'Invoice Created' });
		expect(n8n.getItems(paid, CREATE)[0]).not.toHaveProperty('timedOut');
	});
});
