import { setTimeout as sleep } from 'node:timers/promises';

import { getError } from '../../tools/harness/client';
import { node } from '../../tools/harness/workflow';
import { activateWebhook } from '../workflows';
import { listening, paidInvoices, queueWorld, tell } from './world';

/** Seconds for which SafePays is down, and the payments told of meanwhile: `SAFEPAYS_E2E_OUTAGE=120,200` is the large one. */
const [SECONDS, EVENTS] = (process.env.SAFEPAYS_E2E_OUTAGE ?? '40,40').split(',').map(Number);
/** Milliseconds between two calls of the other workflow. */
const CALL_EVERY_MS = 2_000;
/** Milliseconds between two retries, as of somebody who is quick at the executions list. */
const RETRY_EVERY_MS = 200;

/** A workflow of n8n's own nodes that shares the workers, and answers when it has run. */
async function otherWorkflow(): Promise<() => Promise<number>> {
	const respond = node(
		'n8n-nodes-base.respondToWebhook',
		'Respond',
		{ respondWith: 'text', responseBody: 'done', options: {} },
		{ typeVersion: 1.1 },
	);
	const parameters = { responseMode: 'responseNode' };
	const { call } = await activateWebhook(queueWorld().client, [respond], { parameters });
	return async () => {
		const startedAt = performance.now();
		expect((await call()).status).toBe(200);
		return performance.now() - startedAt;
	};
}

/** Milliseconds that each call took, one every two seconds for so long. */
async function callFor(call: () => Promise<number>, seconds: number): Promise<number[]> {
	const until = Date.now() + seconds * 1000;
	const waits: Array<Promise<number>> = [];
	while (Date.now() < until) {
		waits.push(call());
		await sleep(CALL_EVERY_MS);
	}
	return (await Promise.all(waits)).sort((a, b) => a - b);
}

function describeWaits(waits: number[]): string {
	const share = (of: number) => `${(waits[Math.ceil(waits.length * of) - 1] / 1000).toFixed(2)} s`;
	return `${share(0.5)} (half), ${share(1)} (the longest of ${waits.length})`;
}

/** SafePays is down while payments are told of. */
export function outage(): void {
	it(`of ${SECONDS} seconds with ${EVENTS} payments: each goes through or fails visibly, and what failed goes through once when it is retried`, async () => {
		const { client, sandbox } = queueWorld();
		const receiver = await listening();
		const call = await otherWorkflow();
		const before = await callFor(call, 10);
		const invoices = paidInvoices(EVENTS);

		sandbox.addFault({ kind: 'status', status: 503, on: { method: 'GET' } });
		const meanwhile = callFor(call, SECONDS);
		const answers = await Promise.all(
			invoices.map(async (invoice, n) => {
				await sleep((n * SECONDS * 1000) / EVENTS);
				return await receiver.notify(invoice, n);
			}),
		);
		const during = await meanwhile;
		sandbox.clearFaults();
		const { times } = await receiver.passedOn(invoices);
		const failed = (await client.listSettledExecutions(receiver.id)).filter(
			({ status }) => status === 'error',
		);
		const throughAtOnce = times.filter((count) => count === 1).length;
		expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
		expect(throughAtOnce + failed.length).toBe(EVENTS);
		if (failed.length > 0) {
			const error = getError(await client.getExecution(failed[0].id), 'SafePays Trigger');
			expect(error?.message).toContain('SafePays could not be asked about invoice');
			expect(error?.description).toContain('retry this execution');
		}

		for (const { id } of failed) {
			// n8n's main process does not always hear of the end, and then never answers
			void client.retryExecution(id).catch(() => undefined);
			await sleep(RETRY_EVERY_MS);
		}
		const after = await receiver.passedOn(invoices, failed.length);
		tell(
			`queue mode, outage of ${SECONDS} s with ${EVENTS} payments: ${throughAtOnce} went through, ` +
				`${failed.length} failed visibly, none lost; after retrying these ${after.times.filter((count) => count === 1).length} ` +
				`went through once; another workflow (Webhook, Respond) took ${describeWaits(before)} before, ` +
				`${describeWaits(during)} meanwhile`,
		);
		expect(after.times.filter((count) => count !== 1)).toEqual([]);
	}, 900_000);
}
