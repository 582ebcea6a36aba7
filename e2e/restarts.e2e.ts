import type { Invoice } from '../sandbox';
import type { Execution } from '../tools/harness/client';
import { getError, getItems } from '../tools/harness/client';
import type { NodeJson } from '../tools/harness/workflow';
import { items, node, noOp, safePays, workflow } from '../tools/harness/workflow';
import type { OwnN8n } from '../tools/harness/ownN8n';
import { eventually } from '../tools/harness/eventually';
import { startOwnN8n } from '../tools/harness/ownN8n';
import { n8nIsBefore } from '../tools/harness/olderN8n';
import { activateWebhook, createAndWait, createPaidInvoices, listen } from './workflows';
import { KEY_IS_TAKEN } from './shop';
import { itSince } from './world';

// n8n takes half a minute to come up where the processor is busy
jest.setTimeout(180_000);

/** A request that is carried out, and whose answer n8n does not live to see. */
const NEVER_ANSWERED = { kind: 'slow', ms: 600_000, times: 1 } as const;

const RECEIVED = { status: 200, body: { received: true } };

type Workflow = Awaited<ReturnType<typeof activated>>;
type Wait = Awaited<ReturnType<typeof waitingFor>>;
type Trigger = Awaited<ReturnType<typeof listen>>;

let own: OwnN8n;
let stuckOn: Invoice;
beforeAll(async () => {
	own = await startOwnN8n('restarts');
	stuckOn = own.sandbox.books.createInvoice(own.sandbox.apiKey, {
		email: 'stuck@example.com',
		amount: 1,
	});
});
afterAll(async () => await own?.close());

/** An active workflow whose production executions start at a webhook. */
async function activated(nodes: NodeJson[], settings: Record<string, unknown> = {}) {
	const { id, call } = await activateWebhook(own.client, nodes, { settings });
	const start = async (body: object = {}) => expect((await call(body)).status).toBe(200);
	return { id, start };
}

/** A production execution that creates an invoice for each address, and waits until all are paid. */
async function waitingFor(emails: string[], ...after: NodeJson[]) {
	const { id, start } = await activated([
		items(emails.map((email) => ({ email }))),
		...createAndWait({ email: '={{ $json.email }}', amount: 100 }, own.credentialId),
		...(after.length > 0 ? after : [noOp('After')]),
	]);
	await start();
	const [execution] = await own.client.waitForExecutions(id, 1);
	expect(execution.status).toBe('waiting');
	return { workflowId: id, executionId: execution.id };
}

/** An active workflow that hands what its webhook gets to another workflow, which holds these nodes. */
async function calling(nodes: NodeJson[]) {
	const { client } = own;
	const called = await client.createWorkflow(
		workflow([
			node(
				'n8n-nodes-base.executeWorkflowTrigger',
				'Called',
				{ inputSource: 'passthrough' },
				{ typeVersion: 1.1 },
			),
			...nodes,
		]),
	);
	await client.activate(called);
	const workflowId = { __rl: true, mode: 'id', value: called.id };
	const call = node('n8n-nodes-base.executeWorkflow', 'Call', { workflowId }, { typeVersion: 1.1 });
	return { ...(await activated([call])), calledId: called.id };
}

/** A node for n8n to be killed in, behind the one that a test is about: it asks for this invoice. */
function stuck(): NodeJson {
	return safePays(
		{ resource: 'invoice', operation: 'get', invoiceId: stuckOn.id },
		{ credential: own.credentialId, name: 'Stuck' },
	);
}

/** Has the next create of an invoice carried out and never answered; resolves once SafePays holds it. */
async function cutOffCreating(begin: () => Promise<unknown>): Promise<void> {
	const { sandbox } = own;
	const { size } = sandbox.books.invoices;
	sandbox.addFault({ ...NEVER_ANSWERED, on: { method: 'POST' } });
	await begin();
	await eventually('the invoice', () => sandbox.books.invoices.size > size || undefined);
}

/** Has the next `stuck()` node never answered; resolves once an execution has come to it. */
async function cutOffLater(begin: () => Promise<unknown>): Promise<void> {
	const asked = () => own.sandbox.requests.filter(({ path }) => path.endsWith(stuckOn.id)).length;
	const before = asked();
	own.sandbox.addFault({ ...NEVER_ANSWERED, on: { path: `/api/v2/invoice/${stuckOn.id}` } });
	await begin();
	await eventually('the execution to be stuck', () => asked() > before || undefined);
}

function invoicesTo(email: string): Invoice[] {
	return [...own.sandbox.books.invoices.values()].filter((invoice) => invoice.email === email);
}

async function pay(email: string) {
	const [invoice] = invoicesTo(email);
	return await own.sandbox.pay(invoice.id);
}

async function getOnlyExecution(workflowId: string): Promise<Execution> {
	// n8n 1 is ready before it has looked for crashed executions
	const executions = await own.client.waitForExecutions(workflowId, 1);
	expect(executions).toHaveLength(1);
	return executions[0];
}

describe('when n8n is stopped and started again', () => {
	let one: Wait;
	let three: Wait;
	let missedOne: Wait;
	let missedAll: Wait;
	let trigger: Trigger;
	let known: Invoice;
	let knownToo: Invoice;

	beforeAll(async () => {
		one = await waitingFor(['one@example.com']);
		three = await waitingFor(['1st@example.com', '2nd@example.com', '3rd@example.com']);
		missedOne = await waitingFor(['missed@example.com', 'noticed@example.com']);
		missedAll = await waitingFor(['alone@example.com']);
		trigger = await listen(own);
		[known, knownToo] = createPaidInvoices(own.sandbox, 2);
		expect(await trigger.notify(known)).toEqual(RECEIVED);
		expect(await trigger.notify(knownToo)).toEqual(RECEIVED);
		await own.client.waitForExecutions(trigger.id, 2);
		expect(await pay('1st@example.com')).toMatchObject([{ status: 200 }]);

		await own.stop();
		const lost = [...(await pay('missed@example.com')), ...(await pay('alone@example.com'))];
		expect(lost).toMatchObject([{ status: null }, { status: null }]);
		await own.start();
	});

	it('a waiting execution goes on, once, when its invoice is paid', async () => {
		const { client, sandbox } = own;
		expect(await pay('one@example.com')).toMatchObject([{ status: 200 }]);
		const execution = await client.waitForExecution(one.executionId);
		const [{ id }] = invoicesTo('one@example.com');
		expect(getItems(execution, 'After')).toMatchObject([{ id, status: 'Paid', timedOut: false }]);

		expect((await sandbox.notify(id)).status).toBe(409);
		const after = await getOnlyExecution(one.workflowId);
		expect(after.data.resultData.runData.After).toHaveLength(1);
		expect(invoicesTo('one@example.com')).toHaveLength(1);
	});

	it('what was paid before still counts', async () => {
		const { client } = own;
		expect(await pay('3rd@example.com')).toMatchObject([{ status: 200 }]);
		expect((await client.getExecution(three.executionId)).status).toBe('waiting');
		expect(await pay('2nd@example.com')).toMatchObject([{ status: 200 }]);
		const execution = await client.waitForExecution(three.executionId);
		expect(getItems(execution, 'After')).toMatchObject(
			['1st', '2nd', '3rd'].map((name) => ({ email: `${name}@example.com`, status: 'Paid' })),
		);
	});

	it('a payment whose notification found n8n down is noticed with the next one of that execution', async () => {
		const { client } = own;
		expect((await client.getExecution(missedOne.executionId)).status).toBe('waiting');
		await pay('noticed@example.com');
		const execution = await client.waitForExecution(missedOne.executionId);
		expect(getItems(execution, 'After')).toMatchObject([
			{ email: 'missed@example.com', status: 'Paid', timedOut: false },
			{ email: 'noticed@example.com', status: 'Paid', timedOut: false },
		]);
	});

	it('with no next one it goes on waiting, until the notification is sent again', async () => {
		const { client, sandbox } = own;
		expect((await client.getExecution(missedAll.executionId)).status).toBe('waiting');
		await sandbox.notify(invoicesTo('alone@example.com')[0].id);
		const execution = await client.waitForExecution(missedAll.executionId);
		expect(getItems(execution, 'After')).toMatchObject([{ status: 'Paid', timedOut: false }]);
	});

	it('the trigger still knows what it has passed on, and still listens', async () => {
		const { client } = own;
		expect(await trigger.notify(known)).toEqual(RECEIVED);
		expect(await trigger.notify(knownToo)).toEqual(RECEIVED);
		const [next] = createPaidInvoices(own.sandbox, 1);
		expect(await trigger.notify(next)).toEqual(RECEIVED);
		const executions = await client.waitForExecutions(trigger.id, 5);
		expect(executions.map((execution) => getItems(execution, 'After'))).toMatchObject([
			[{ invoice: { id: known.id } }],
			[{ invoice: { id: knownToo.id } }],
			[],
			[],
			[{ invoice: { id: next.id } }],
		]);
	});
});

describe('when n8n is killed', () => {
	const create = {
		resource: 'invoice',
		operation: 'create',
		email: '={{ $json.body.email }}',
		amount: 100,
	};
	const uniqueKey = '={{ $json.body.order }}';
	const order = (email: string) => ({ email, order: 'order-1042' });
	let unkeyed: Workflow;
	let keyed: Workflow;
	let goingOn: Workflow;
	let unkeyedGoingOn: Workflow;
	let keyedWait: Workflow;
	let caller: Awaited<ReturnType<typeof calling>>;
	let waiting: Wait;
	let resumed: Wait;
	let atOnce: Trigger;
	let later: Trigger;
	let ofAtOnce: Invoice;
	let ofLater: Invoice;
	let toldOfErrors: { id: string };

	beforeAll(async () => {
		const { client, sandbox, credentialId: credential } = own;
		toldOfErrors = await client.createWorkflow(
			workflow([node('n8n-nodes-base.errorTrigger', 'Error Trigger'), noOp('Told')]),
		);
		await client.activate(toldOfErrors);
		unkeyed = await activated([safePays(create, { credential }), noOp('After')], {
			errorWorkflow: toldOfErrors.id,
		});
		keyed = await activated([safePays({ ...create, uniqueKey }, { credential }), noOp('After')]);
		caller = await calling([safePays(create, { credential }), noOp('After')]);
		goingOn = await activated([safePays({ ...create, uniqueKey }, { credential }), stuck()]);
		unkeyedGoingOn = await activated([safePays(create, { credential }), stuck()]);
		keyedWait = await activated([
			...createAndWait({ ...create, uniqueKey }, credential),
			noOp('After'),
		]);
		await keyedWait.start(order('keyed-wait@example.com'));
		await client.waitForExecutions(keyedWait.id, 1);
		waiting = await waitingFor(['waiting@example.com']);
		resumed = await waitingFor(['resumed@example.com'], stuck(), noOp('After'));
		atOnce = await listen(own, { nodes: [stuck()] });
		later = await listen(own, { nodes: [stuck()] });
		[ofAtOnce, ofLater] = createPaidInvoices(sandbox, 2);

		await cutOffCreating(async () => await unkeyed.start(order('unkeyed@example.com')));
		await cutOffCreating(async () => await keyed.start(order('keyed@example.com')));
		await cutOffCreating(async () => await caller.start(order('called@example.com')));
		await cutOffLater(async () => await goingOn.start(order('going-on@example.com')));
		await cutOffLater(
			async () => await unkeyedGoingOn.start(order('unkeyed-going-on@example.com')),
		);
		await cutOffLater(async () => {
			expect(await pay('resumed@example.com')).toMatchObject([{ status: 200 }]);
		});
		await cutOffLater(async () => expect(await later.notify(ofLater)).toEqual(RECEIVED));
		sandbox.addFault({ ...NEVER_ANSWERED, on: { path: `/api/v2/invoice/${stuckOn.id}` } });
		expect(await atOnce.notify(ofAtOnce)).toEqual(RECEIVED);
		await own.kill();
		sandbox.clearFaults();
		await own.start();
	});

	it('SafePays holds the invoice that was being created, and n8n shows its execution as crashed at this node', async () => {
		for (const [{ id }, email] of [
			[unkeyed, 'unkeyed@example.com'],
			[keyed, 'keyed@example.com'],
		] as const) {
			expect(invoicesTo(email)).toHaveLength(1);
			const execution = await getOnlyExecution(id);
			expect(execution.status).toBe('crashed');
			expect(execution.data.resultData.error?.message).toBe(
				'Workflow did not finish, possible out-of-memory issue',
			);
			expect(getError(execution, 'SafePays')?.message).toBe('Execution stopped at this node');
			expect(getItems(execution, 'After')).toEqual([]);
			// n8n 1.123 and 2.0 do not log it, 2.20 does
			if (!n8nIsBefore('2.20.0')) {
				expect(own.n8n.log()).toMatch(
					new RegExp(`^Found unfinished executions: .*\\b${execution.id}\\b`, 'm'),
				);
			}
		}
	});

	it('an error workflow is told of the crashed execution', async () => {
		const [told] = await own.client.waitForExecutions(toldOfErrors.id, 1);
		const { id } = await getOnlyExecution(unkeyed.id);
		expect(getItems(told, 'Told')).toMatchObject([
			{ execution: { id, lastNodeExecuted: 'SafePays' }, workflow: { id: unkeyed.id } },
		]);
	});

	it('retrying that execution, or running the workflow again, creates nothing for a unique key and says why', async () => {
		const { client } = own;
		const crashed = await getOnlyExecution(keyed.id);
		const retrying = client.retryExecution(crashed.id);
		await keyed.start(order('keyed@example.com'));
		const retried = await client.getExecution(await retrying);
		const [, , again] = await client.waitForExecutions(keyed.id, 3);
		for (const execution of [retried, again]) {
			expect(execution.status).toBe('error');
			expect(getError(execution, 'SafePays')).toMatchObject(KEY_IS_TAKEN);
		}
		expect(invoicesTo('keyed@example.com')).toHaveLength(1);
	});

	itSince('2.6.0')(
		'the invoice of a unique key is known when the execution had gone on to another node',
		async () => {
			const { client } = own;
			expect((await getOnlyExecution(goingOn.id)).status).toBe('crashed');
			await goingOn.start(order('going-on@example.com'));
			const [, again] = await client.waitForExecutions(goingOn.id, 2);
			const [{ id }] = invoicesTo('going-on@example.com');
			expect(getItems(again, 'SafePays')).toMatchObject([{ id, reused: true }]);
			expect(invoicesTo('going-on@example.com')).toHaveLength(1);
		},
	);

	// before, there is no table to keep the invoices of keys in
	itSince('2.6.0')(
		'the invoice of a unique key is known when its execution was waiting',
		async () => {
			const { client } = own;
			await keyedWait.start(order('keyed-wait@example.com'));
			const [, again] = await client.waitForExecutions(keyedWait.id, 2);
			const [{ id }] = invoicesTo('keyed-wait@example.com');
			expect(getItems(again, 'Create')).toMatchObject([{ id, reused: true }]);
			expect(invoicesTo('keyed-wait@example.com')).toHaveLength(1);
		},
	);

	// n8n retries a crashed execution from its trigger, and has kept nothing of what its nodes did
	it.each([
		['while the invoice was created', () => unkeyed, 'unkeyed@example.com'],
		['in a later node', () => unkeyedGoingOn, 'unkeyed-going-on@example.com'],
	])(
		'%s, retrying that execution creates nothing again without a unique key, too',
		async (_when, getWorkflow, email) => {
			const { client } = own;
			const crashed = await getOnlyExecution(getWorkflow().id);
			const retried = await client.getExecution(await client.retryExecution(crashed.id));
			expect(getError(retried, 'SafePays')?.message).toMatch(
				/Not sent again: an earlier try may have created the invoice/,
			);
			const again = await client.getExecution(await client.retryExecution(retried.id));
			expect(again.status).toBe('error');
			expect(invoicesTo(email)).toHaveLength(1);
		},
	);

	it('that holds for the execution of a sub-workflow too', async () => {
		const { client } = own;
		const crashed = await getOnlyExecution(caller.calledId);
		expect(crashed.status).toBe('crashed');
		const retried = await client.getExecution(await client.retryExecution(crashed.id));
		expect(getError(retried, 'SafePays')?.message).toMatch(/Not sent again/);
		expect(invoicesTo('called@example.com')).toHaveLength(1);
	});

	it('but retrying the execution that called it calls the sub-workflow anew, which creates again', async () => {
		const { client } = own;
		const crashed = await getOnlyExecution(caller.id);
		const retried = await client.getExecution(await client.retryExecution(crashed.id));
		expect(retried.status).toBe('success');
		expect(invoicesTo('called@example.com')).toHaveLength(2);
	});

	it('a waiting execution goes on, once, when its invoice is paid', async () => {
		const { client, sandbox } = own;
		expect((await client.getExecution(waiting.executionId)).status).toBe('waiting');
		expect(await pay('waiting@example.com')).toMatchObject([{ status: 200 }]);
		const execution = await client.waitForExecution(waiting.executionId);
		const [{ id }] = invoicesTo('waiting@example.com');
		expect(getItems(execution, 'After')).toMatchObject([{ id, status: 'Paid', timedOut: false }]);
		expect((await sandbox.notify(id)).status).toBe(409);
		expect((await getOnlyExecution(waiting.workflowId)).data.resultData.runData.After).toHaveLength(
			1,
		);
	});

	it('an execution that had gone on with the payment is crashed, and retrying it goes on with the paid invoice', async () => {
		const { client, sandbox } = own;
		const crashed = await client.getExecution(resumed.executionId);
		expect(crashed.status).toBe('crashed');
		expect(getError(crashed, 'Stuck')?.message).toBe('Execution stopped at this node');
		const [{ id }] = invoicesTo('resumed@example.com');
		expect((await sandbox.notify(id)).status).toBe(409);

		const retried = await client.getExecution(await client.retryExecution(crashed.id));
		expect(retried.status).toBe('success');
		expect(getItems(retried, 'SafePays')).toMatchObject([{ id, status: 'Paid', timedOut: false }]);
		expect(retried.data.resultData.runData.After).toHaveLength(1);
		expect(invoicesTo('resumed@example.com')).toHaveLength(1);
	});

	// before, n8n answers before the execution exists
	itSince('2.12.0')(
		'a payment that the trigger had answered 200 shows as a crashed execution, and is not passed on again',
		async () => {
			const execution = await getOnlyExecution(later.id);
			expect(execution.status).toBe('crashed');
			expect(own.n8n.log()).toMatch(
				new RegExp(`^Found unfinished executions: .*\\b${execution.id}\\b`, 'm'),
			);
			// What it has claimed in n8n's database is still claimed: the copy ends at the trigger.
			expect(await later.notify(ofLater)).toEqual(RECEIVED);
			const copy = (await own.client.waitForExecutions(later.id, 2))[1];
			expect(copy.status).toBe('success');
			expect(getItems(copy, 'SafePays Trigger')).toEqual([]);
		},
	);

	itSince('2.12.0')(
		'a payment that the trigger had answered 200 a moment before is in the executions list',
		async () => {
			const executions = await own.client.listExecutions({ workflowId: atOnce.id });
			expect(executions).toHaveLength(1);
			// n8n that was killed before the first node began takes it for running until its next start
			expect(['crashed', 'running']).toContain(executions[0].status);
		},
	);

	it('retrying that execution passes the payment on', async () => {
		const { client } = own;
		const [crashed] = await client.listExecutions({ workflowId: later.id, status: ['crashed'] });
		const retried = await client.getExecution(await client.retryExecution(crashed.id));
		expect(retried.status).toBe('success');
		expect(getItems(retried, 'SafePays Trigger')).toMatchObject([{ invoice: { id: ofLater.id } }]);
		expect(getItems(retried, 'After')).toHaveLength(1);
	});
});
