import { ExecuteContext } from 'n8n-core';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import type { Sandbox } from '../../../sandbox';
import { execute, type WorkflowJson } from '../../engine';
import type { Execution, N8n } from '../../engine/webhook';
import { post } from '../../engine/webhook';
import { safePaysWorkflow } from '../../engine/workflows';
import { getInvoice } from '../../sandbox/helpers';
import { asked, clear, stage, until } from './notifications/stage';

const BEFORE = 'When clicking Test';

afterEach(clear);

type Settings = Parameters<typeof safePaysWorkflow>[1];

function waitWorkflow(parameters: INodeParameters = {}, settings: Settings = {}): WorkflowJson {
	return safePaysWorkflow(
		{
			resource: 'invoice',
			operation: 'createAndWait',
			email: '={{ $json.email }}',
			amount: '={{ $json.amount }}',
			uniqueKey: '={{ $json.order ?? "" }}',
			...parameters,
		},
		settings,
	);
}

const GOOD: IDataObject = { email: 'good@example.com', amount: 20 };
const BAD: IDataObject = { email: 'nobody', amount: 20 };

function created({ requests }: Sandbox) {
	return requests.filter(({ method }) => method === 'POST');
}

function idOf({ books }: Sandbox, email: unknown): string {
	return [...books.invoices.values()].find((invoice) => invoice.email === email)?.id ?? '';
}

function errorOf(n8n: N8n, execution: Execution) {
	return n8n.resultOf(execution).error as (Error & { description?: string }) | undefined;
}

describe('Items that fail, with "On Error: Continue"', () => {
	const cases = [
		['first', [BAD, GOOD]],
		['last', [GOOD, BAD]],
	] as const;

	it.each(cases)('come out beside the paid ones, paired (the %s)', async (_which, items) => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow({}, { onError: 'continueRegularOutput' }), [...items]);
		expect(execution.status).toBe('waiting');
		const id = idOf(sandbox, GOOD.email);
		expect((await sandbox.pay(id))[0].status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		const invoice = await getInvoice(sandbox, id);
		const expected = items.map((item) =>
			item === GOOD ? { ...invoice, timedOut: false } : { error: expect.stringContaining('nobody') as string },
		);
		expect(n8n.itemsOf(execution)).toMatchObject(expected);
		expect(n8n.outputsOf(execution)[0].map(({ pairedItem }) => pairedItem)).toMatchObject([{ item: 0 }, { item: 1 }]);
	});

	it.each(cases)('come out of the error output, if there is one (the %s)', async (_which, items) => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow({}, { onError: 'continueErrorOutput' }), [...items]);
		expect(execution.status).toBe('waiting');
		const id = idOf(sandbox, GOOD.email);
		expect((await sandbox.pay(id))[0].status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		const [paid, failed] = n8n.outputsOf(execution);
		expect(paid.map(({ json }) => json)).toMatchObject([{ ...(await getInvoice(sandbox, id)), timedOut: false }]);
		expect(failed.map(({ json }) => json)).toMatchObject([{ error: expect.stringContaining('nobody') as string }]);
	});

	it.each(cases)('come out of the error output when the time runs out, too (the %s)', async (_which, items) => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow({}, { onError: 'continueErrorOutput' }), [...items]);
		await n8n.timeOut(execution);
		const [unpaid, failed] = n8n.outputsOf(execution);
		expect(unpaid.map(({ json }) => json)).toMatchObject([{ id: idOf(sandbox, GOOD.email), timedOut: true }]);
		expect(failed.map(({ json }) => json)).toMatchObject([{ error: expect.stringContaining('nobody') as string }]);
		expect(n8n.itemsOf(execution, BEFORE)).toEqual(items);
	});

	it('leave nothing to wait for if all fail', async () => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow({}, { onError: 'continueRegularOutput' }), [BAD, BAD]);
		expect(execution.status).toBe('success');
		expect(n8n.itemsOf(execution)).toMatchObject([1, 2].map(() => ({ error: expect.stringContaining('nobody') as string })));
		expect(sandbox.requests).toEqual([]);
	});

	it.each(cases)('and "Retry On Fail" create nothing twice, and the execution waits (the %s)', async (_which, items) => {
		const { sandbox, n8n } = await stage();
		const settings = { onError: 'continueRegularOutput', retryOnFail: true, maxTries: 3, waitBetweenTries: 0 } as const;
		const execution = await n8n.run(waitWorkflow({}, settings), [...items]);
		expect(execution.status).toBe('waiting');
		expect(created(sandbox)).toHaveLength(1);
		const id = idOf(sandbox, GOOD.email);
		expect((await sandbox.pay(id))[0].status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		expect(n8n.itemsOf(execution).filter(({ timedOut }) => timedOut === false)).toMatchObject([{ id, status: 'Paid' }]);
	});
});

describe('Without "Continue", an item that fails', () => {
	it('before anything is sent ends the execution, and nothing is created', async () => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow(), [GOOD, BAD]);
		expect(execution.status).toBe('error');
		expect(sandbox.requests).toEqual([]);
	});

	it('at SafePays ends the execution instead of waiting, and names what was created', async () => {
		const { sandbox, n8n } = await stage();
		sandbox.addFault({ kind: 'status', status: 400, message: 'Invalid email format', on: { method: 'POST' }, times: 1 });
		const execution = await n8n.run(waitWorkflow({ options: { maxConcurrency: 2 } }), [{ ...GOOD, email: 'first@example.com' }, GOOD]);
		expect(execution.status).toBe('error');
		expect(execution.waitTill).toBeUndefined();
		const [{ id }] = sandbox.books.invoices.values();
		expect(errorOf(n8n, execution)?.description).toContain(id);
	});

	it('is tried again by "Retry On Fail" without creating the others twice, and all are waited for', async () => {
		const { sandbox, n8n } = await stage();
		sandbox.addFault({ kind: 'status', status: 400, message: 'Try later', on: { method: 'POST' }, times: 1 });
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
		const items = ['a', 'b', 'c'].map((name) => ({ email: `${name}@example.com`, amount: 5 }));
		const execution = await n8n.run(waitWorkflow({ options: { maxConcurrency: 3 } }, settings), items);
		expect(execution.status).toBe('waiting');
		expect(sandbox.books.invoices.size).toBe(3);
		expect(created(sandbox)).toHaveLength(4);
		for (const { email } of items) expect((await sandbox.pay(idOf(sandbox, email)))[0].status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		expect(n8n.itemsOf(execution)).toMatchObject(items.map(({ email }) => ({ id: idOf(sandbox, email), timedOut: false })));
	});
});

describe('What cannot work is refused before anything is created', () => {
	it('more than 50 items', async () => {
		const { sandbox, n8n } = await stage();
		const items = Array.from({ length: 51 }, () => GOOD);
		const execution = await n8n.run(waitWorkflow(), items);
		expect(execution.status).toBe('error');
		expect(errorOf(n8n, execution)?.message).toMatch(/51 items.*at most 50/);
		expect(errorOf(n8n, execution)?.description).toContain('Loop Over Items');
		expect(sandbox.requests).toEqual([]);
	});

	it.each<[string, { baseUrl?: string }, number]>([
		['more than 50 items', {}, 51],
		['an address that SafePays cannot reach', { baseUrl: 'http://localhost:5678' }, 2],
	])('with "Continue", as an item for each on the error output: %s', async (_what, world, count) => {
		const { sandbox, n8n } = await stage({}, world);
		if (world.baseUrl) n8n.world.credentials.baseUrl = 'https://app.safepays.com';
		const items = Array.from({ length: count }, () => GOOD);
		const execution = await n8n.run(waitWorkflow({}, { onError: 'continueErrorOutput' }), items);
		expect(execution.status).toBe('success');
		const [succeeded, failed] = n8n.outputsOf(execution);
		expect(succeeded).toEqual([]);
		const said = expect.stringMatching(/items are too many|cannot reach this n8n/) as string;
		expect(failed.map(({ json }) => json)).toMatchObject(items.map(() => ({ error: said })));
		expect(failed.map(({ pairedItem }) => pairedItem)).toMatchObject(items.map((_, item) => ({ item })));
		expect(sandbox.requests).toEqual([]);
	});

	it('while 50 items are welcome', async () => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow(), Array.from({ length: 50 }, () => GOOD));
		expect(execution.status).toBe('waiting');
		expect(created(sandbox)).toHaveLength(50);
	});

	it.each(['http://localhost:5678', 'http://192.168.1.20:5678', 'https://n8n.internal'])(
		'an n8n at %s with a credential for the real SafePays',
		async (baseUrl) => {
			const { n8n } = await stage({}, { baseUrl });
			n8n.world.credentials.baseUrl = 'https://app.safepays.com';
			const execution = await n8n.run(waitWorkflow(), [GOOD]);
			expect(execution.status).toBe('error');
			expect(errorOf(n8n, execution)?.message).toContain(`SafePays cannot reach this n8n`);
			expect(errorOf(n8n, execution)?.message).toContain(baseUrl);
			expect(errorOf(n8n, execution)?.description).toMatch(/Nothing was created.*WEBHOOK_URL/);
		},
	);

	it('while an n8n at a public address is not held up', async () => {
		const { sandbox, n8n } = await stage({}, { baseUrl: 'https://n8n.example.com' });
		const execution = await n8n.run(waitWorkflow(), [GOOD]);
		expect(execution.status).toBe('waiting');
		expect([...sandbox.books.invoices.values()][0].webhookUrl).toMatch(/^https:\/\/n8n\.example\.com\/webhook-waiting\//);
	});
});

describe('The Unique Key', () => {
	it('makes two items of one run one invoice, whose payment completes both', async () => {
		const { sandbox, n8n } = await stage();
		const item = { ...GOOD, order: 'A-1' };
		const execution = await n8n.run(waitWorkflow(), [item, item]);
		expect(execution.status).toBe('waiting');
		expect(created(sandbox)).toHaveLength(1);
		const id = idOf(sandbox, GOOD.email);
		expect((await sandbox.pay(id))[0].status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		expect(n8n.itemsOf(execution)).toMatchObject([
			{ id, status: 'Paid', timedOut: false },
			{ id, status: 'Paid', timedOut: false, reused: true },
		]);
	});

	it('of an invoice that an earlier execution has seen paid leads straight on', async () => {
		const { sandbox, n8n } = await stage();
		const json = waitWorkflow();
		await n8n.run(json, [{ ...GOOD, order: 'A-1' }]);
		const id = idOf(sandbox, GOOD.email);
		await sandbox.pay(id);
		const again = await n8n.run(json, [{ ...GOOD, order: 'A-1' }]);
		expect(again.status).toBe('success');
		expect(created(sandbox)).toHaveLength(1);
		expect(n8n.itemsOf(again)).toMatchObject([{ ...(await getInvoice(sandbox, id)), reused: true, timedOut: false }]);
	});
});

describe('Whatever goes wrong inside, the resume URL', () => {
	async function oneWaiting() {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow(), [GOOD]);
		const [{ id, webhookUrl }] = sandbox.books.invoices.values();
		sandbox.setStatus(id, 'Paid');
		return { sandbox, n8n, execution, id, url: webhookUrl ?? '' };
	}

	it.each<[string, N8n['meddle']]>([
		[
			'the stored items cannot be read',
			(context) => {
				context.evaluateExpression = () => {
					throw new Error('The expression engine is out of order');
				};
			},
		],
		[
			'the stored items are something else',
			(context) => {
				context.evaluateExpression = () => null as never;
			},
		],
		[
			'a parameter cannot be read',
			(context) => {
				context.getNodeParameter = () => {
					throw new Error('Could not get parameter');
				};
			},
		],
		[
			'the body cannot be read',
			(context) => {
				context.getBodyData = () => {
					throw new Error('Request is missing');
				};
			},
		],
		[
			'the credential is gone',
			(context) => {
				context.getCredentials = async () => await Promise.reject(new Error('No such credential'));
			},
		],
		[
			'something throws what is no error',
			(context) => {
				context.getNodeParameter = () => {
					throw undefined as unknown as Error;
				};
			},
		],
	])('answers 503 and keeps waiting: %s', async (_what, meddle) => {
		const { n8n, execution, id, url } = await oneWaiting();
		n8n.meddle = meddle;
		const answer = await post(url, { id });
		expect(answer.status).toBe(503);
		expect(answer.headers).toHaveProperty('retry-after');
		expect(answer.body).toEqual({ error: 'The invoice could not be checked now' });
		expect(n8n.crashes).toEqual([]);
		expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });

		n8n.meddle = undefined;
		expect((await post(url, { id })).body).toEqual({ received: true });
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
	});

	it('tells in the log what to do about a key that SafePays refuses', async () => {
		const { sandbox, n8n, execution, id, url } = await oneWaiting();
		n8n.world.credentials.apiKey = 'a-key-that-is-wrong';
		expect((await post(url, { id })).status).toBe(503);
		expect(n8n.log.join()).toContain('Check the API key in the SafePays credential');
		expect(n8n.log.join()).not.toContain('a-key-that-is-wrong');
		expect(execution.status).toBe('waiting');
		expect(asked(sandbox, id).length).toBeGreaterThan(0);
	});
});

describe('An execution that is cancelled while it creates', () => {
	it('does not begin to wait', async () => {
		const { sandbox, n8n } = await stage({ latencyMs: 100 });
		const items = ['a', 'b', 'c'].map((name) => ({ email: `${name}@example.com`, amount: 5 }));
		let cancel = (): void => {};
		const running = execute(n8n.world, waitWorkflow({ options: { maxConcurrency: 1 } }), {
			items,
			onStart: (started) => (cancel = () => started.cancel()),
		});
		await until(() => sandbox.requests.length === 1);
		cancel();
		const { run } = await running;
		expect(run.status).toBe('canceled');
		expect(run.waitTill).toBeUndefined();
		expect(created(sandbox)).toHaveLength(1);
	});
});

describe('When n8n cannot put the execution to wait', () => {
	afterEach(() => jest.restoreAllMocks());

	it.each([
		['the error', {}, 1],
		['each item, with "Continue"', { onError: 'continueRegularOutput' } as const, 2],
	])('%s names the invoices that were created', async (_what, settings, times) => {
		const { sandbox, n8n } = await stage();
		jest.spyOn(ExecuteContext.prototype, 'putExecutionToWait').mockRejectedValue(new Error('No room'));
		const execution = await n8n.run(waitWorkflow({}, settings), [GOOD, { ...GOOD, email: 'too@example.com' }]);
		const told = [
			...(errorOf(n8n, execution) ? [errorOf(n8n, execution)?.description] : []),
			...n8n.itemsOf(execution).map(({ details }) => (details as IDataObject).description),
		];
		expect(told).toHaveLength(times);
		for (const text of told) expect(text).toBe(`Created in this run: ${[...sandbox.books.invoices.keys()].join(', ')}.`);
	});
});
