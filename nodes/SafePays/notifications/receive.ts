import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import { claimKey } from '../memory/processedKeys';
import { confirm } from './confirm';
import { PassedEvents } from './duplicates';
import { readNotification, STATUS } from './read';
import { neverThrowing, replies, replyUnconfirmed } from './reply';

/** What the user chooses among, by the status that the API gives. */
const EVENTS: Record<string, string> = {
	[STATUS.paid]: 'paid',
	[STATUS.failed]: 'failed',
	[STATUS.unpaid]: 'unpaid',
};

/**
 * Receives a notification: asks the API about its invoice, and starts the workflow with the API's
 * answer if that is a chosen event which has not been passed on before. See docs/trigger.md for the
 * table of answers.
 */
export async function receive(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	return await neverThrowing(this, handle);
}

async function handle(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const body = context.getBodyData();
	const notification = readNotification(body);
	if (!notification) return replies.malformed(context);
	const { invoiceId } = notification;

	const passed = deduplicates(context) ? new PassedEvents(context) : undefined;
	if (passed?.settles(invoiceId, notification.status)) return replies.received(context, { duplicate: true });

	const confirmation = await confirm(context, notification);
	if (confirmation.kind !== 'confirmed') return replyUnconfirmed(context, confirmation);
	const { status, invoice } = confirmation;

	const event = EVENTS[status];
	const chosen = context.getNodeParameter('events', ['paid']) as string[];
	if (event === undefined || !chosen.includes(event)) return replies.received(context, { ignored: status });
	if (passed) {
		if (!passed.claim(invoiceId, status)) return replies.received(context, { duplicate: true });
		const response = context.getResponseObject();
		response.once('finish', () => {
			// n8n could not start the workflow and said so: SafePays' next try has to be let through.
			if (response.statusCode >= 500) passed.takeBack(invoiceId, status);
		});
	}
	return {
		webhookResponse: { received: true },
		workflowData: [[{ json: { event, invoice, notification: body } }]],
	};
}

/**
 * The second line against duplicates, in the execution itself, where n8n's database can be asked:
 * drops what another n8n process has passed on. An execution left without items ends here.
 */
export async function dropDuplicates(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = this.getInputData();
	// The retry of an execution that n8n was killed in: whoever asks for it wants the event passed on.
	if (!deduplicates(this) || this.getMode() === 'retry') return [items];
	const fresh: INodeExecutionData[] = [];
	for (const item of items) {
		const { id, status } = (item.json.invoice ?? {}) as IDataObject;
		if (await claimKey(this, `event:${String(id)}:${String(status)}`)) fresh.push(item);
	}
	return [fresh];
}

/** A test run passes on everything: whoever tries a workflow sends the same invoice again and again. */
function deduplicates(context: IWebhookFunctions | IExecuteFunctions): boolean {
	if (context.getMode() === 'manual') return false;
	const options =
		'getInputData' in context
			? context.getNodeParameter('options', 0, {})
			: context.getNodeParameter('options', {});
	return (options as IDataObject).deduplicate !== false;
}
