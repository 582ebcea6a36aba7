import type { IDataObject } from 'n8n-workflow';
import { randomUUID } from 'node:crypto';

import type { Invoice } from '../../sandbox';
import { getItems, type Execution } from '../../tools/harness/client';
import type { Member } from '../../tools/harness/queue/member';
import { items, noOp, safePays } from '../../tools/harness/workflow';
import { eventually } from '../../tools/harness/eventually';
import { activateWebhook } from '../workflows';
import { findWorker, queueWorld, tell } from './world';

const ITEMS = 40;
/** Creates that are on their way at the same time, as the node has it unless told otherwise. */
const AT_ONCE = 10;

const STALLED = 'This execution failed to be processed too many times';

type Batch = Awaited<ReturnType<typeof createBatch>>;

/** A workflow that creates 40 invoices, each to another payer. */
async function createBatch(parameters: Record<string, unknown>) {
	const { client, credentialId: credential, sandbox } = queueWorld();
	const domain = `${randomUUID()}.example`;
	const payers = Array.from({ length: ITEMS }, (_, n) => `payer${n}@${domain}`);
	const create = {
		resource: 'invoice',
		operation: 'create',
		email: '={{ $json.email }}',
		amount: 100,
	};
	const { id, call } = await activateWebhook(client, [
		items(payers.map((email) => ({ email }))),
		safePays({ ...create, ...parameters }, { credential, onError: 'continueRegularOutput' }),
		noOp('After'),
	]);
	return {
		id,
		payers,
		start: async () => expect((await call()).status).toBe(200),
		/** Whom SafePays holds an invoice to. */
		billed: () =>
			[...sandbox.books.invoices.values()]
				.map(({ email }: Invoice) => String(email))
				.filter((email) => email.endsWith(`@${domain}`)),
	};
}

/** Starts batches and kills the workers that have them in the middle. @returns their executions */
async function cutOff(batches: Batch[]): Promise<Execution[]> {
	const { client, sandbox } = queueWorld();
	sandbox.setLatency(1_000);
	for (const batch of batches) await batch.start();
	for (const { billed } of batches) {
		await eventually(
			'the middle of the batch',
			() => billed().length >= AT_ONCE || undefined,
			60_000,
		);
	}
	const ids: string[] = [];
	const killed = new Set<Member>();
	for (const { id: workflowId } of batches) {
		const [{ id }] = await client.listExecutions({ workflowId });
		ids.push(id);
		const worker = findWorker(id);
		if (worker) killed.add(worker);
	}
	await Promise.all([...killed].map(async (worker) => await worker.kill()));
	sandbox.setLatency(0);
	await Promise.all([...killed].map(async (worker) => await worker.start()));
	return await Promise.all(
		ids.map(async (id) => await client.waitForExecution(id, { timeout: 180_000 })),
	);
}

/** A worker that is killed in the middle of 40 creates. */
export function killedWorker(): void {
	let unkeyed: Batch;
	let keyed: Batch;
	let failed: Execution[];
	let held: string[];

	beforeAll(async () => {
		unkeyed = await createBatch({});
		// what the dead worker was at is waited for as long as a request may take
		keyed = await createBatch({ uniqueKey: '={{ $json.email }}', options: { timeout: 5 } });
		failed = await cutOff([unkeyed, keyed]);
		held = keyed.billed();
	});

	// which of the two depends on whether n8n's queue or its recovery notices first
	it('n8n shows the execution as failed or crashed, and nothing of what it had created', () => {
		for (const execution of failed) {
			const { status, data } = execution;
			expect(['error', 'crashed']).toContain(status);
			if (status === 'error') expect(data.resultData.error?.message).toContain(STALLED);
			expect(getItems(execution, 'After')).toEqual([]);
		}
		for (const { billed } of [unkeyed, keyed]) {
			expect(billed().length).toBeGreaterThanOrEqual(AT_ONCE);
			expect(billed().length).toBeLessThan(ITEMS);
			expect(new Set(billed()).size).toBe(billed().length);
		}
	});

	it('retrying that execution creates nothing without a unique key', async () => {
		const { client } = queueWorld();
		const before = unkeyed.billed();
		await client.getExecution(await client.retryExecution(failed[0].id));
		expect(unkeyed.billed()).toEqual(before);
	});

	it('with a unique key, running the workflow again hands out or names every invoice that SafePays holds, and creates the others', async () => {
		const { client } = queueWorld();
		await keyed.start();
		const [latest] = await eventually('the second run', async () => {
			const executions = await client.listSettledExecutions(keyed.id);
			return (
				executions.find(({ mode, status }) => mode === 'webhook' && status === 'success') &&
				executions
			);
		});
		const output = getItems(await client.getExecution(latest.id), 'After');
		const named = output.flatMap(
			({ error }) => /The unique key "(.+)" is taken/.exec(String(error))?.[1] ?? [],
		);
		const emails = (wanted: (item: IDataObject) => boolean) =>
			output.filter(wanted).map(({ email }) => String(email));
		const created = emails(({ error, reused }) => error === undefined && !reused);
		const reused = emails((item) => item.reused === true);
		tell(
			`queue mode, worker killed in the middle of ${ITEMS} creates: SafePays held ${held.length}; ` +
				`running it again handed out ${reused.length}, named ${named.length} as taken and created ${created.length}; ` +
				`${keyed.billed().length} invoices to ${new Set(keyed.billed()).size} payers`,
		);
		expect([...named, ...reused, ...created].sort()).toEqual([...keyed.payers].sort());
		expect([...named, ...reused]).toEqual(expect.arrayContaining(held));
		// a key may be taken whose create had not gone out yet
		expect(named.length + reused.length - held.length).toBeLessThanOrEqual(5 * AT_ONCE);
		expect(keyed.billed().sort()).toEqual([...held, ...created].sort());
	});
}
