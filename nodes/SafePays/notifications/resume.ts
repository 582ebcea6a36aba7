import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { answerDeadline, confirm, stateOf } from './confirm';
import { FinalInvoices } from './finalInvoices';
import { readNotification } from './read';
import { neverThrowing, replies, replyUnconfirmed } from './reply';

/**
 * Receives a notification for a waiting execution, and resumes it once every invoice is final by
 * the API's word. Whatever cannot be confirmed changes nothing. Never throws: n8n would resume the
 * execution with an empty item.
 */
export async function resume(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	return await neverThrowing(this, handle);
}

async function handle(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const deadline = answerDeadline();
	const notification = readNotification(context.getBodyData());
	if (!notification) return replies.malformed(context);
	const { invoiceId } = notification;

	const invoices = storedInvoices(context);
	if (!invoices.some(({ id }) => String(id).toLowerCase() === invoiceId)) return replies.unknown(context);

	const resumeOn = context.getNodeParameter('resumeOn', 'paid') as string;
	const final = FinalInvoices.of(context.getExecutionId(), invoices, resumeOn);
	const known = final.settles(invoiceId, notification.status);
	if (!known && !final.resumed) {
		const confirmation = await confirm(context, notification, deadline);
		if (confirmation.kind !== 'confirmed') return replyUnconfirmed(context, confirmation);
		if (!final.note(confirmation.invoice)) {
			return replies.received(context, { ignored: confirmation.status });
		}
	}
	const all = final.resumed ? 'no' : await final.areAll(invoices, async (id) => await ask(context, id, deadline));
	if (all === 'unknown') return replies.unavailable(context);
	// Another notification may have resumed it while this one asked.
	if (all === 'no' || final.resumed) return replies.received(context, known ? { duplicate: true } : {});

	final.resumed = true;
	const response = context.getResponseObject();
	response.once('finish', () => {
		// n8n could not resume the execution and said so: the next notification has to try again.
		if (response.statusCode >= 500) final.resumed = false;
	});
	return { webhookResponse: { received: true }, workflowData: [final.outputs(invoices)] };
}

/** The input items that `waitForPayment` stored with the execution. */
function storedInvoices(context: IWebhookFunctions): IDataObject[] {
	return context.evaluateExpression(
		'{{ $input.all().map((item) => item.json) }}',
	) as unknown as IDataObject[];
}

async function ask(
	context: IWebhookFunctions,
	invoiceId: string,
	deadline: number,
): Promise<IDataObject | undefined> {
	const state = await stateOf(context, invoiceId, deadline);
	if (state.kind === 'confirmed') return state.invoice;
	return state.kind === 'nothingHappened' ? { id: invoiceId } : undefined;
}
