import { randomUUID } from 'node:crypto';

import { getItems } from '../../tools/harness/client';
import { noOp } from '../../tools/harness/workflow';
import { post } from '../../tools/harness/post';
import { activateWebhook, createAndWait } from '../workflows';
import { countStarts, queueWorld, tell } from './world';

const WAITS = 5;

/** A production execution that waits for the payment of an invoice. */
async function waiting() {
	const { client, credentialId, sandbox } = queueWorld();
	const email = `${randomUUID()}@example.com`;
	const { id, call } = await activateWebhook(client, [
		...createAndWait({ email, amount: 100 }, credentialId),
		noOp('After'),
	]);
	await call();
	const [{ id: executionId, status }] = await client.waitForExecutions(id, 1);
	expect(status).toBe('waiting');
	const invoice = [...sandbox.books.invoices.values()].find((each) => each.email === email);
	if (!invoice) throw new Error('There is no invoice');
	return { executionId, invoice };
}

/** Executions that wait for a payment, and whose notification reaches both webhook processors at once. */
export function waitingExecutions(): void {
	it('an execution that waits goes on once, on a worker, when two webhook processors are notified at once', async () => {
		const { client, sandbox, urls } = queueWorld();
		const answers: Record<string, number> = {};
		for (let n = 0; n < WAITS; n++) {
			const { executionId, invoice } = await waiting();
			const resumeUrl = new URL(String(invoice.webhookUrl));
			expect(resumeUrl.origin).toBe(urls[0]);
			sandbox.setStatus(invoice.id, 'Paid');
			const notification = { invoice: { id: invoice.id, status: 'Paid' } };
			const both = await Promise.all(
				urls.map(
					async (url) => await post(resumeUrl.href.replace(resumeUrl.origin, url), notification),
				),
			);
			const statuses = both.map(({ status }) => status).sort();
			answers[statuses.join(' and ')] = (answers[statuses.join(' and ')] ?? 0) + 1;
			expect(statuses).toContain(200);

			const execution = await client.waitForExecution(executionId);
			expect(execution.status).toBe('success');
			expect(getItems(execution, 'After')).toMatchObject([
				{ id: invoice.id, status: 'Paid', timedOut: false },
			]);
			expect(execution.data.resultData.runData.After).toHaveLength(1);
			expect(countStarts(executionId)).toBe(2);
			expect(await post(resumeUrl.href, notification)).toMatchObject({ status: 409 });
		}
		const counts = Object.entries(answers).map(([statuses, count]) => `${count} × ${statuses}`);
		tell(
			`queue mode, ${WAITS} waiting executions notified twice at once: each resumed once; answers ${counts.join(', ')}`,
		);
	});
}
