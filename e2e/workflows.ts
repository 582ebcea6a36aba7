import { randomUUID } from 'node:crypto';

import type { Invoice, Sandbox } from '../sandbox';
import type { N8nClient } from '../tools/harness/client';
import { post } from '../tools/harness/post';
import type { NodeJson, NodeSettings } from '../tools/harness/workflow';
import {
	noOp,
	safePays,
	safePaysTrigger,
	triggerPath,
	webhook,
	workflow,
} from '../tools/harness/workflow';

/** Creates an invoice that reports to its execution, and waits for its payment. */
export function createAndWait(
	bill: Record<string, unknown>,
	credential: string,
	wait: Record<string, unknown> = {},
): NodeJson[] {
	const invoice = { resource: 'invoice' };
	const create = { ...invoice, operation: 'create', whenPaid: 'resume', ...bill };
	return [
		safePays(create, { name: 'Create', credential }),
		safePays({ ...invoice, operation: 'waitForPayment', ...wait }, { credential }),
	];
}

/** An active workflow whose production executions start at a webhook. */
export async function activateWebhook(
	client: N8nClient,
	nodes: NodeJson[],
	{ parameters, settings }: { parameters?: object; settings?: object } = {},
) {
	const path = randomUUID();
	const json = workflow([webhook(path, { ...parameters }), ...nodes], undefined, {
		settings: { ...settings },
	});
	const { id } = await client.createWorkflow(json);
	await client.activate({ id });
	const url = `${client.webhookUrl}/webhook/${path}`;
	return { id, call: async (body: object = {}) => await post(url, body) };
}

/** An active workflow of a SafePays Trigger, these nodes, and one named "After". */
export async function listen(
	{ client, credentialId }: { client: N8nClient; credentialId: string },
	{
		parameters = {},
		settings = {},
		nodes = [],
	}: { parameters?: Record<string, unknown>; settings?: NodeSettings; nodes?: NodeJson[] } = {},
) {
	const trigger = safePaysTrigger(parameters, { credential: credentialId, ...settings });
	const { id } = await client.createWorkflow(workflow([trigger, ...nodes, noOp('After')]));
	await client.activate({ id });
	const url = `${client.webhookUrl}/webhook/${triggerPath(trigger)}`;
	return {
		id,
		url,
		post: async (body: object) => await post(url, body),
		/** Notifies it of an invoice, as SafePays does. */
		notify: async (invoice: { id: string; status: string }) =>
			await post(url, { invoice: { id: invoice.id, status: invoice.status } }),
		executions: async () => await client.listExecutions({ workflowId: id }),
	};
}

/** Invoices that have been paid, and of which nobody has been told. */
export function createPaidInvoices(
	{ books, apiKey, setStatus }: Sandbox,
	count: number,
): Invoice[] {
	return Array.from({ length: count }, () => {
		const invoice = books.createInvoice(apiKey, { email: 'john@example.com', amount: 100 });
		setStatus(invoice.id, 'Paid');
		return invoice;
	});
}
