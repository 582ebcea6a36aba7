import { getError, getItems, type Execution } from '../tools/harness/client';
import { eventually } from '../tools/harness/eventually';
import type { OwnN8n } from '../tools/harness/ownN8n';
import { startOwnN8n } from '../tools/harness/ownN8n';
import { createPaidInvoices, listen } from './workflows';

/** A minute for a pending event, and what n8n needs besides. */
const PENDING_TIMEOUT_MS = 150_000;
jest.setTimeout(2 * PENDING_TIMEOUT_MS);

const DOWN = { kind: 'status', status: 503, on: { method: 'GET' } } as const;
const PENDING = { received: true, pending: true };

let own: OwnN8n;
beforeAll(async () => {
	own = await startOwnN8n('pending');
});
afterAll(async () => await own?.close());
afterEach(() => own.sandbox.clearFaults());

/** The invoices that got past the trigger. */
function passedOn(executions: Execution[]): unknown[] {
	return executions
		.flatMap((execution) => getItems(execution, 'After'))
		.map(({ invoice }) => (invoice as { id: string }).id);
}

/** Resolves when so many executions have ended. */
const ended = async (id: string, count: number) =>
	await own.client.waitForExecutions(id, count, PENDING_TIMEOUT_MS);

/** Tells of so many payments in one moment, and expects each to be answered so, and passed on. */
async function expectPassedOn(count: number, body: unknown): Promise<void> {
	const { id, notify } = await listen(own);
	const invoices = createPaidInvoices(own.sandbox, count);
	const answers = await Promise.all(invoices.map(notify));
	expect(answers).toEqual(invoices.map(() => ({ status: 200, body })));
	expect(passedOn(await ended(id, count)).sort()).toEqual(invoices.map((each) => each.id).sort());
}

it('passes all on that was told while the API was down for 15 seconds', async () => {
	own.sandbox.addFault({ ...DOWN, forMs: 15_000 });
	await expectPassedOn(10, PENDING);
});

it('shows in the executions list what could not be asked about, and a retry passes it on, once', async () => {
	const { id, notify, executions } = await listen(own);
	const [invoice] = createPaidInvoices(own.sandbox, 1);
	own.sandbox.addFault(DOWN);
	await notify(invoice);
	const [failed] = await ended(id, 1);
	expect(failed.status).toBe('error');
	expect(getError(failed, 'SafePays Trigger')?.message).toContain(invoice.id);
	own.sandbox.clearFaults();
	await own.client.retryExecution(failed.id);
	expect(passedOn(await ended(id, 2))).toEqual([invoice.id]);
	expect((await notify(invoice)).body).toEqual({ received: true, duplicate: true });
	expect(await executions()).toHaveLength(2);
});

it('turns none of 300 payments of one moment away, and passes each on', async () => {
	await expectPassedOn(300, expect.anything());
});

it('lets what was pending when n8n was killed go through when it is retried', async () => {
	const { id, notify, executions } = await listen(own);
	const [invoice] = createPaidInvoices(own.sandbox, 1);
	own.sandbox.addFault(DOWN);
	expect((await notify(invoice)).body).toEqual(PENDING);
	await eventually('the execution to run', async () =>
		(await executions()).find(({ status }) => status === 'running'),
	);
	await own.kill();
	own.sandbox.clearFaults();
	await own.start();
	const [crashed] = await ended(id, 1);
	expect(crashed.status).toBe('crashed');
	await own.client.retryExecution(crashed.id);
	const [retried] = (await ended(id, 2)).filter(({ mode }) => mode === 'retry');
	expect(passedOn([retried])).toEqual([invoice.id]);
});
