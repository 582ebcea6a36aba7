import { ExecuteContext, type WebhookContext } from 'n8n-core';
import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';

import { SafePays } from '../../../nodes/SafePays/SafePays.node';
import { SafePaysClient } from '../../../nodes/SafePays/transport/client';
import type { Sandbox } from '../../../sandbox';
import type { WorkflowJson } from '../../engine';
import { execute, NODE_NAME, createWorkflow } from '../../engine';
import type { Execution } from '../../engine/executions';
import type { N8n } from '../../engine/n8n';
import { routesErrorDetails } from '../../engine/olderN8n';
import { post } from '../../engine/post';
import { getInvoice } from '../../sandbox/helpers';
import { UNKNOWN_ID, until } from '../../support';
import type { Settings } from './waitWorkflow';
import { CREATE, getNode, waitWorkflow as plainWaitWorkflow } from './waitWorkflow';
import { asked, clear, stage } from './webhooks/stage';

afterEach(clear);

const GOOD: IDataObject = { email: 'good@example.com', amount: 20 };
const BAD: IDataObject = { email: 'bad@example.com', amount: 20 };
const MISSING: IDataObject = { email: 'missing@example.com', amount: 20 };

/** Waits for each invoice, or by a wrong ID for those that are to fail. */
function waitWorkflow(parameters: INodeParameters = {}, settings: Settings = {}) {
	const wrong = JSON.stringify({ 'bad@example.com': 'nobody', 'missing@example.com': UNKNOWN_ID });
	const invoiceId = `={{ (${wrong})[$json.email] ?? $json.id }}`;
	return plainWaitWorkflow({ invoiceId, ...parameters }, settings);
}

function findInvoiceId({ books }: Sandbox, email: unknown): string {
	return [...books.invoices.values()].find((invoice) => invoice.email === email)?.id ?? '';
}

function getError(n8n: N8n, execution: Execution) {
	return n8n.getResult(execution).error as (Error & { description?: string }) | undefined;
}

describe('Items that fail, with "On Error: Continue"', () => {
	const cases = [
		['first', [BAD, GOOD]],
		['last', [GOOD, BAD]],
	] as const;

	/** Runs until the good one is paid. @returns that as it has to come out, too */
	async function runPaid(settings: Settings, items: readonly IDataObject[]) {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow({}, settings), [...items]);
		expect(execution.status).toBe('waiting');
		const id = findInvoiceId(sandbox, GOOD.email);
		expect((await sandbox.pay(id))[0].status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		return { n8n, execution, paid: { ...(await getInvoice(sandbox, id)), timedOut: false } };
	}
	const failed = { error: expect.stringContaining('nobody') as string };

	it.each(cases)('come out beside the paid ones, paired (the %s)', async (_which, items) => {
		const { n8n, execution, paid } = await runPaid({ onError: 'continueRegularOutput' }, items);
		const expected = items.map((item) => (item === GOOD ? paid : failed));
		expect(n8n.getItems(execution)).toMatchObject(expected);
		expect(n8n.getOutputs(execution)[0].map(({ pairedItem }) => pairedItem)).toMatchObject([
			{ item: 0 },
			{ item: 1 },
		]);
	});

	it.each(cases)(
		'come out of the error output, if there is one (the %s)',
		async (_which, items) => {
			const { n8n, execution, paid } = await runPaid({ onError: 'continueErrorOutput' }, items);
			const outputs = n8n.getOutputs(execution).map((output) => output.map(({ json }) => json));
			expect(outputs).toMatchObject([[paid], [failed]]);
		},
	);

	it.each(cases)(
		'come out of the error output when the time runs out, too (the %s)',
		async (_which, items) => {
			const { sandbox, n8n } = await stage();
			const json = waitWorkflow({}, { onError: 'continueErrorOutput' });
			const execution = await n8n.run(json, [...items]);
			await n8n.timeOut(execution);
			const outputs = n8n.getOutputs(execution).map((output) => output.map((item) => item.json));
			const unpaid = { id: findInvoiceId(sandbox, GOOD.email), timedOut: true };
			expect(outputs).toMatchObject([[unpaid], [failed]]);
			expect(n8n.getItems(execution, CREATE)).toMatchObject(items.map(({ email }) => ({ email })));
			for (const item of n8n.getItems(execution, CREATE)) expect(item).not.toHaveProperty('error');
		},
	);

	it('leave nothing to wait for if all fail', async () => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow({}, { onError: 'continueRegularOutput' }), [
			BAD,
			BAD,
		]);
		expect(execution.status).toBe('success');
		expect(n8n.getItems(execution)).toMatchObject([failed, failed]);
		expect(asked(sandbox)).toEqual([]);
	});

	it('are also those that SafePays does not know', async () => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow({}, { onError: 'continueErrorOutput' }), [
			MISSING,
			GOOD,
		]);
		expect(execution.status).toBe('waiting');
		await sandbox.pay(findInvoiceId(sandbox, GOOD.email));
		await n8n.idle();
		const [paid, failed] = n8n.getOutputs(execution);
		expect(paid.map(({ json }) => json.status)).toEqual(['Paid']);
		expect(failed.map(({ json }) => json)).toMatchObject([
			{
				error: expect.stringContaining('Invoice not found') as string,
				...(routesErrorDetails && { details: { httpCode: '404' } }),
			},
		]);
	});

	it.each(cases)(
		'and "Retry On Fail" end nothing, and the execution waits (the %s)',
		async (_which, items) => {
			const { n8n, execution, paid } = await runPaid(
				{
					onError: 'continueRegularOutput',
					retryOnFail: true,
					maxTries: 3,
					waitBetweenTries: 0,
				},
				items,
			);
			expect(n8n.getItems(execution).filter(({ timedOut }) => timedOut === false)).toMatchObject([
				{ id: paid.id, status: 'Paid' },
			]);
		},
	);
});

describe('Without "Continue", an item that fails', () => {
	it.each([
		['before anything is asked', BAD, 0],
		['at SafePays', MISSING, 2],
	])('%s ends the execution instead of waiting', async (_when, item, questions) => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow({ options: { maxConcurrency: 2 } }), [GOOD, item]);
		expect(execution.status).toBe('error');
		expect(execution.waitTill).toBeUndefined();
		expect(asked(sandbox)).toHaveLength(questions);
	});

	it('is tried again by "Retry On Fail", and then all are waited for', async () => {
		const { sandbox, n8n } = await stage();
		sandbox.addFault({
			kind: 'status',
			status: 400,
			message: 'Try later',
			on: { method: 'GET' },
			times: 1,
		});
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
		const items = ['a', 'b', 'c'].map((name) => ({ email: `${name}@example.com`, amount: 5 }));
		const execution = await n8n.run(
			waitWorkflow({ options: { maxConcurrency: 3 } }, settings),
			items,
		);
		expect(execution.status).toBe('waiting');
		expect(sandbox.books.invoices.size).toBe(3);
		for (const { email } of items)
			expect((await sandbox.pay(findInvoiceId(sandbox, email)))[0].status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		expect(n8n.getItems(execution)).toMatchObject(
			items.map(({ email }) => ({ id: findInvoiceId(sandbox, email), timedOut: false })),
		);
	});
});

describe('What cannot work is refused before anything is asked', () => {
	const MANY = Array.from({ length: 51 }, () => GOOD);

	it('more than 50 items', async () => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow(), MANY);
		expect(execution.status).toBe('error');
		expect(getError(n8n, execution)?.message).toMatch(/51 items.*at most 50/);
		expect(getError(n8n, execution)?.description).toContain('Loop Over Items');
		expect(asked(sandbox)).toEqual([]);
	});

	it('more than 50 items, with "Continue", as an item for each on the error output', async () => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow({}, { onError: 'continueErrorOutput' }), MANY);
		expect(execution.status).toBe('success');
		const [succeeded, failed] = n8n.getOutputs(execution);
		expect(succeeded).toEqual([]);
		const said = expect.stringMatching(/items are too many/) as string;
		expect(failed.map(({ json }) => json)).toMatchObject(MANY.map(() => ({ error: said })));
		expect(failed.map(({ pairedItem }) => pairedItem)).toMatchObject(
			MANY.map((_, item) => ({ item })),
		);
		expect(asked(sandbox)).toEqual([]);
	});

	it('while 50 items are welcome', async () => {
		const { sandbox, n8n } = await stage();
		const execution = await n8n.run(waitWorkflow(), MANY.slice(1));
		expect(execution.status).toBe('waiting');
		expect(asked(sandbox)).toHaveLength(50);
	});
});

describe('What the editor says of a wait', () => {
	const getHints = (n8n: N8n, execution: Execution) =>
		(n8n.getResult(execution).runData[NODE_NAME][0].hints ?? []).map(({ message }) => message);

	it.each(['http://localhost:5678', 'http://192.168.1.20:5678', 'https://n8n.internal'])(
		'names an n8n that the real SafePays cannot reach, and waits all the same: %s',
		async (baseUrl) => {
			const { sandbox, n8n } = await stage({}, { baseUrl });
			// Only the node that waits has the credential of what looks like the real SafePays.
			const realSafePays = jest
				.spyOn(ExecuteContext.prototype, 'getCredentials')
				.mockImplementation(async () => ({ ...n8n.world.credentials, ...REAL }) as never);
			jest
				.spyOn(SafePaysClient.prototype, 'send')
				.mockResolvedValue({ invoice: { id: UNKNOWN_ID, status: 'Invoice Created' } } as never);
			const execution = await n8n.run(plainWaitWorkflow({ invoiceId: UNKNOWN_ID }), [GOOD]);
			realSafePays.mockRestore();
			expect(execution.status).toBe('waiting');
			expect(getHints(n8n, execution)).toEqual([
				expect.stringMatching(/cannot reach this n8n.*private address.*WEBHOOK_URL/),
			]);
			expect(getHints(n8n, execution).join()).toContain(baseUrl);
			expect(asked(sandbox)).toEqual([]);
		},
	);

	const REAL = { baseUrl: 'https://app.safepays.com' };
	afterEach(() => jest.restoreAllMocks());

	it('is nothing where the invoices report to the execution', async () => {
		const { n8n } = await stage({}, { baseUrl: 'https://n8n.example.com' });
		const execution = await n8n.run(waitWorkflow(), [GOOD]);
		expect(execution.status).toBe('waiting');
		expect(getHints(n8n, execution)).toEqual([]);
	});

	it.each<[string, INodeParameters]>([
		['to a trigger', { whenPaid: 'trigger' }],
		['to another URL', { whenPaid: 'url', webhookUrl: 'https://example.com/hook' }],
		['to nobody', { whenPaid: 'nothing' }],
	])('names invoices that report %s', async (_whom, parameters) => {
		const { sandbox, n8n } = await stage({}, { baseUrl: 'https://n8n.example.com' });
		const json = waitWorkflow();
		Object.assign(getNode(json, CREATE).parameters, parameters);
		const execution = await n8n.run(json, [GOOD]);
		expect(execution.status).toBe('waiting');
		const [id] = sandbox.books.invoices.keys();
		expect(getHints(n8n, execution)).toEqual([
			expect.stringMatching(new RegExp(`does not notify this execution of: ${id}.*time limit`)),
		]);
	});

	it('names invoices that an earlier try created, whose retry is another execution', async () => {
		const { sandbox, n8n } = await stage({}, { baseUrl: 'https://n8n.example.com' });
		sandbox.addFault({ kind: 'status', status: 400, on: { method: 'GET' }, times: 1 });
		const failed = await execute(n8n.world, waitWorkflow(), { items: [GOOD] });
		expect(failed.run.status).toBe('error');
		const retried = await execute(n8n.world, waitWorkflow(), { retryOf: failed });
		expect(retried.run.status).toBe('waiting');
		expect(retried.hints.join()).toContain(findInvoiceId(sandbox, GOOD.email));
	});

	it('shows an ID that is none as text', async () => {
		const { n8n } = await stage({}, { baseUrl: 'https://n8n.example.com' });
		jest
			.spyOn(SafePaysClient.prototype, 'send')
			.mockResolvedValue({ invoice: { id: '<img src=x>', status: 'Invoice Created' } } as never);
		const json = plainWaitWorkflow({ invoiceId: UNKNOWN_ID });
		getNode(json, CREATE).parameters.whenPaid = 'nothing';
		const execution = await n8n.run(json, [GOOD]);
		expect(getHints(n8n, execution).join()).toContain(': &#60;img src=x&#62;.');
	});

	it('counts what is paid, and links where the first open one is paid', async () => {
		const { sandbox, n8n } = await stage();
		const json = waitWorkflow({ invoiceId: '={{ $json.id }}' });
		const running = n8n.run(json, [GOOD, { ...GOOD, email: 'b@example.com' }]);
		sandbox.setLatency(50);
		await until(() => sandbox.books.invoices.size === 2);
		const [paid, open] = [GOOD.email, 'b@example.com'].map((email) =>
			findInvoiceId(sandbox, email),
		);
		sandbox.setStatus(paid, 'Paid');
		const execution = await running;
		const metadata = n8n.getResult(execution).runData[NODE_NAME][0].metadata ?? {};
		const { resumeUrl = '', resumeFormUrl = '' } = metadata as Record<string, string>;
		const workflow = createWorkflow(n8n.world, json);
		const shown = workflow.expression.getSimpleParameterValue(
			workflow.getNode(NODE_NAME) as INode,
			new SafePays().description.waitingNodeTooltip,
			'internal',
			{ $execution: { id: execution.id, mode: 'test', resumeUrl, resumeFormUrl } },
		);
		const link = (await getInvoice(sandbox, open)).payment_link;
		expect(shown).toBe(
			`Waiting for payment: 1 of 2 paid when the wait began. Pay here: <a href="${link}" target="_blank">${link}</a>`,
		);
	});
});

describe('The Unique Key', () => {
	function keyed(): WorkflowJson {
		const json = plainWaitWorkflow();
		getNode(json, CREATE).parameters.uniqueKey = '={{ $json.order }}';
		return json;
	}

	it('makes two items of one run one invoice, whose payment completes both', async () => {
		const { sandbox, n8n } = await stage();
		const item = { ...GOOD, order: 'A-1' };
		const execution = await n8n.run(keyed(), [item, item]);
		expect(execution.status).toBe('waiting');
		const id = findInvoiceId(sandbox, GOOD.email);
		expect((await sandbox.pay(id))[0].status).toBe(200);
		await n8n.idle();
		expect(execution).toMatchObject({ status: 'success', resumed: 1 });
		const invoice = { ...(await getInvoice(sandbox, id)), timedOut: false };
		expect(n8n.getItems(execution)).toEqual([invoice, invoice]);
	});

	it('of an invoice that an earlier execution has seen paid leads straight on', async () => {
		const { sandbox, n8n } = await stage();
		const json = keyed();
		await n8n.run(json, [{ ...GOOD, order: 'A-1' }]);
		const id = findInvoiceId(sandbox, GOOD.email);
		await sandbox.pay(id);
		const again = await n8n.run(json, [{ ...GOOD, order: 'A-1' }]);
		expect(again.status).toBe('success');
		expect(n8n.getItems(again)).toEqual([{ ...(await getInvoice(sandbox, id)), timedOut: false }]);
	});

	it('of an invoice that reports to an earlier execution is told by a hint', async () => {
		const { sandbox, n8n } = await stage();
		const json = keyed();
		await n8n.run(json, [{ ...GOOD, order: 'A-1' }]);
		const again = await n8n.run(json, [{ ...GOOD, order: 'A-1' }]);
		expect(again.status).toBe('waiting');
		const [{ hints }] = n8n.getResult(again).runData[NODE_NAME];
		expect(hints).toMatchObject([
			{
				message: expect.stringContaining(findInvoiceId(sandbox, GOOD.email)) as string,
				type: 'warning',
			},
		]);
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

	const fail = (error: unknown) => () => {
		throw error;
	};

	it.each<[string, Partial<WebhookContext>]>([
		['the stored items cannot be read', { evaluateExpression: fail(new Error('Out of order')) }],
		['the stored items are something else', { evaluateExpression: () => null as never }],
		['a parameter cannot be read', { getNodeParameter: fail(new Error('No such parameter')) }],
		['the body cannot be read', { getBodyData: fail(new Error('Request is missing')) }],
		['something throws what is no error', { getNodeParameter: fail(undefined) }],
	])('answers 503 and keeps waiting: %s', async (_what, broken) => {
		const { n8n, execution, id, url } = await oneWaiting();
		n8n.meddle = (context) => Object.assign(context, broken);
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

	it('accepts what it cannot check as its credential is gone, and goes on when that is back', async () => {
		const { n8n, execution, id, url } = await oneWaiting();
		n8n.meddle = (context) => {
			context.getCredentials = async () => {
				if (n8n.meddle) throw new Error('No such credential');
				return n8n.world.credentials as never;
			};
		};
		expect((await post(url, { id })).body).toEqual({ received: true, pending: true });
		expect(execution).toMatchObject({ status: 'waiting', resumed: 0 });
		n8n.meddle = undefined;
		await until(() => execution.resumed === 1);
		await n8n.idle();
		expect(execution.status).toBe('success');
	});
});

describe('An execution that is cancelled while it asks', () => {
	it('does not begin to wait', async () => {
		const { sandbox, n8n } = await stage({ latencyMs: 100 });
		const items = ['a', 'b', 'c'].map((name) => ({ email: `${name}@example.com`, amount: 5 }));
		let cancel = (): void => {};
		const running = execute(n8n.world, waitWorkflow({ options: { maxConcurrency: 1 } }), {
			items,
			onStart: (started) => (cancel = () => started.cancel()),
		});
		await until(() => asked(sandbox).length === 1);
		cancel();
		const { run } = await running;
		expect(run.status).not.toBe('waiting');
		expect(run.waitTill).toBeUndefined();
	});
});

describe('When n8n cannot put the execution to wait', () => {
	afterEach(() => jest.restoreAllMocks());

	it.each([
		['the execution fails', {}, 'error'],
		[
			'each item is one of an error, with "Continue"',
			{ onError: 'continueRegularOutput' },
			'success',
		],
	] as const)('%s', async (_what, settings, status) => {
		const { n8n } = await stage();
		jest
			.spyOn(ExecuteContext.prototype, 'putExecutionToWait')
			.mockRejectedValue(new Error('No room'));
		const execution = await n8n.run(waitWorkflow({}, settings), [
			GOOD,
			{ ...GOOD, email: 'too@example.com' },
		]);
		expect(execution.status).toBe(status);
		const said = [
			getError(n8n, execution)?.message,
			...n8n.getItems(execution).map((item) => item.error),
		];
		expect(said.filter(Boolean).join()).toContain('No room');
	});
});
