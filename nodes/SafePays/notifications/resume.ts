import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { confirm, stateOf } from './confirm';
import { FinalInvoices } from './finalInvoices';
import { readNotification } from './read';
import { replies, replyUnconfirmed } from './reply';

/** Seconds after which a sender should come again when something unforeseen happened. */
const COME_AGAIN = 30;

/**
 * Receives a notification for a waiting execution, and resumes it once every invoice is final by
 * the API's word. Whatever cannot be confirmed changes nothing. Never throws: n8n would resume the
 * execution with an empty item.
 */
export async function resume(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	try {
		return await handle(this);
	} catch (error) {
		this.logger.error(
			`SafePays: a notification for execution ${this.getExecutionId()} could not be handled: ${(error as Error).message}`,
		);
		return replies.unavailable(this, COME_AGAIN);
	}
}

async function handle(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const notification = readNotification(context.getBodyData());
	if (!notification) return replies.malformed(context);
	const { invoiceId } = notification;

	const invoices = storedInvoices(context);
	if (!invoices.some(({ id }) => String(id).toLowerCase() === invoiceId)) return replies.unknown(context);

	const resumeOn = context.getNodeParameter('resumeOn', 'paid') as string;
	const final = FinalInvoices.of(context.getExecutionId(), resumeOn);
	const known = final.has(invoiceId);
	if (!known && !final.resumed) {
		const confirmation = await confirm(context, invoiceId);
		if (confirmation.kind !== 'confirmed') return replyUnconfirmed(context, confirmation);
		if (!final.note(confirmation.invoice)) {
			return replies.received(context, { ignored: confirmation.status });
		}
	}
	const all = final.resumed ? 'no' : await final.areAll(invoices, async (id) => await ask(context, id));
	if (all === 'unknown') return replies.unavailable(context, COME_AGAIN);
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

async function ask(context: IWebhookFunctions, invoiceId: string): Promise<IDataObject | undefined> {
	const state = await stateOf(context, invoiceId);
	if (state.kind === 'confirmed') return state.invoice;
	return state.kind === 'nothingHappened' ? { id: invoiceId } : undefined;
}
