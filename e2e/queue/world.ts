import { startSandbox, type Invoice, type Sandbox } from '../../sandbox';
import { Cleanup } from '../../tools/harness/cleanup';
import { getItems, type N8nClient } from '../../tools/harness/client';
import type { Member } from '../../tools/harness/queue/member';
import { startQueueN8n, type QueueN8n } from '../../tools/harness/queue/queueN8n';
import type { NodeJson } from '../../tools/harness/workflow';
import { noOp, safePaysTrigger, triggerPath, workflow } from '../../tools/harness/workflow';
import { post, type Answer } from '../../tools/harness/post';
import { pool } from '../../tools/harness/pool';
import { createPaidInvoices } from '../workflows';
import { publishWorld } from '../world';

/** Executions that are read at the same time. */
const READERS = 8;

/**
 * What differs from n8n's defaults. The first three are what docs/trigger.md tells users to set; the
 * others have n8n notice after seconds instead of minutes that a worker is gone.
 */
const SETTINGS = {
	N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true',
	DB_POSTGRESDB_POOL_SIZE: '10',
	DB_POSTGRESDB_CONNECTION_TIMEOUT: '60000',
	QUEUE_WORKER_LOCK_DURATION: '15000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '5000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

/** An n8n in queue mode with the package in it, and a SafePays. */
export interface QueueWorld {
	n8n: QueueN8n;
	/** Signed in as the owner. */
	client: N8nClient;
	/** The addresses of the webhook processors. */
	urls: string[];
	sandbox: Sandbox;
	/** Of a `safePaysApi` credential for the sandbox. */
	credentialId: string;
}

const cleanup = new Cleanup();
let running: QueueWorld | undefined;

/** Throws as long as it has not been started. */
export function queueWorld(): QueueWorld {
	if (!running) throw new Error('The n8n in queue mode has not been started');
	return running;
}

/** Starts the n8n that all tests of queue mode share, and hands it to the tests that take any n8n. */
export async function startQueueWorld(): Promise<void> {
	try {
		const n8n = await startQueueN8n('e2e-queue', SETTINGS);
		cleanup.add(async () => await n8n.close());
		const sandbox = await startSandbox();
		cleanup.add(async () => await sandbox.close());
		const { client } = n8n;
		await client.setupOwner();
		const { id: credentialId } = await client.createSandboxCredential(sandbox);
		const urls = n8n.webhookProcessors.map(({ url }) => url);
		running = { n8n, client, urls, sandbox, credentialId };
		publishWorld({
			n8nUrl: n8n.main.url,
			webhookUrl: urls[0],
			cookie: client.cookie ?? '',
			sandboxUrl: sandbox.url,
			apiKey: sandbox.apiKey,
			credentialId,
		});
	} catch (error) {
		await stopQueueWorld();
		throw error;
	}
}

export async function stopQueueWorld(): Promise<void> {
	await cleanup.run();
}

/** Invoices that have been paid, and of which nobody has been told. */
export const paidInvoices = (count: number) => createPaidInvoices(queueWorld().sandbox, count);

/** An active workflow of a SafePays Trigger and one node. */
export async function listening() {
	const trigger = safePaysTrigger({}, { credential: queueWorld().credentialId });
	return await receiver([trigger, noOp('Paid')], triggerPath(trigger));
}
export type Receiver = Awaited<ReturnType<typeof receiver>>;

/**
 * An active workflow that takes notifications, at both webhook processors.
 *
 * @param nodes the last one shows what the workflow was started for
 * @param path what follows `/webhook/` in its address
 */
export async function receiver(nodes: NodeJson[], path: string) {
	const { client, urls } = queueWorld();
	const { id } = await client.createWorkflow(workflow(nodes));
	await client.activate({ id });
	for (const at of urls) await client.waitForWebhook(path, at);
	const last = nodes[nodes.length - 1].name;
	let started = 0;

	/**
	 * Waits until everything that was answered 200 and not as a duplicate has its execution, ended.
	 *
	 * @param retries executions more
	 */
	const ended = async (retries = 0) => await client.waitForSettled(id, started + retries, 180_000);
	return {
		/** The workflow's. */
		id,
		/** Notifies it of a paid invoice at one of the webhook processors. */
		notify: async (invoice: Invoice, processor: number): Promise<Answer> => {
			const { id: invoiceId, status } = invoice;
			const answer = await post(`${urls[processor % urls.length]}/webhook/${path}`, {
				invoice: { id: invoiceId, status },
			});
			if (answer.status === 200 && !(answer.body as { duplicate?: boolean }).duplicate) started++;
			return answer;
		},
		ended,
		/** How often each of the invoices has come to the last node, and the executions that took. */
		passedOn: async (invoices: Invoice[], retries = 0) => {
			const executions = await ended(retries);
			const times = new Map(invoices.map((invoice) => [invoice.id, 0]));
			await pool(executions, READERS, async (execution) => {
				for (const { invoice } of getItems(await client.getExecution(execution.id), last)) {
					const { id: invoiceId } = invoice as unknown as Invoice;
					times.set(invoiceId, (times.get(invoiceId) ?? 0) + 1);
				}
			});
			return { times: [...times.values()], executions: executions.length };
		},
	};
}

/** Shows a line of figures in the test's output. */
export function tell(line: string): void {
	process.stdout.write(`${line}\n`);
}

/** The worker that an execution was given to last; undefined as long as none has it. */
export function findWorker(executionId: string): Member | undefined {
	return [...queueWorld().n8n.workers].find((worker) => startsIn(worker, executionId) > 0);
}

/** How often workers have taken up an execution: once at its start, and once each time it goes on. */
export function countStarts(executionId: string): number {
	return queueWorld().n8n.workers.reduce((sum, worker) => sum + startsIn(worker, executionId), 0);
}

function startsIn({ n8n }: Member, executionId: string): number {
	return n8n.log().split(`Worker started execution ${executionId} `).length - 1;
}
