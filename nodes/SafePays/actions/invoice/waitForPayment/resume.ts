import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import type { Notification } from '../../../webhooks/parse';
import { parseNotification, readBody } from '../../../webhooks/parse';
import { rejectFalse, responses, undoIfNotStarted } from '../../../webhooks/responses';
import { getThrottle } from '../../../webhooks/throttle';
import type { ConfirmedVerdict } from '../../../webhooks/verify';
import { getAnswerDeadline, isBehind, verify, verifyQuickly } from '../../../webhooks/verify';
import type { ResumeOn } from './finalInvoices';
import { FinalInvoices } from './finalInvoices';
import type { WaitingExecution } from './watch';
import { keepAsking, isAsking } from './watch';

/**
 * Receives a notification for a waiting execution, and resumes it once every invoice is final by
 * the API's answer. What the API cannot say at once is accepted, and asked about in the background.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const deadline = getAnswerDeadline();
	const received = parseNotification(await readBody(context));
	if (!received) return responses.malformed(context);
	const execution = readExecution(context);
	const { final } = execution;
	const notification = { ...received, ids: received.ids.filter((id) => final.ids.includes(id)) };
	if (notification.ids.length === 0) return responses.unknown(context);

	const settles = () => final.settles(notification.ids[0], notification.status);
	let isKnown = settles();
	if (!isKnown && !final.resumed) {
		const verified = await verifyInvoice(context, execution, notification, deadline);
		if ('answer' in verified) return verified.answer;
		// A copy may have been confirmed by the same answer.
		isKnown = settles();
		if (!final.note(verified.invoice))
			return responses.received(context, { ignored: verified.status });
	}
	const areAllFinal = final.resumed ? 'no' : await askAboutOthers(context, final, deadline);
	if (areAllFinal === 'unknown') return accept(context, execution);
	// Another notification may have resumed it while this one asked.
	if (areAllFinal === 'no' || final.resumed)
		return responses.received(context, isKnown ? { duplicate: true } : {});

	final.resumed = true;
	undoIfNotStarted(context, () => {
		final.resumed = false;
	});
	return { webhookResponse: { received: true }, workflowData: [final.createOutputs()] };
}

/** Asks about the invoice that a notification names. @returns what the API confirms, or the answer to the notification */
async function verifyInvoice(
	context: IWebhookFunctions,
	execution: WaitingExecution,
	notification: Notification,
	deadline: number,
): Promise<ConfirmedVerdict | { answer: IWebhookResponseData }> {
	if (isAsking(execution, notification))
		return { answer: responses.received(context, { duplicate: true }) };
	const verdict = await verifyQuickly(context, notification, deadline, false);
	const rejection = rejectFalse(context, notification, verdict);
	if (rejection) return { answer: rejection };
	if (verdict?.kind === 'confirmed' && !isBehind(verdict, notification)) return verdict;
	const isFlooded = verdict === undefined && (await getThrottle(context).isFlooded());
	return {
		answer: isFlooded ? responses.unavailable(context) : accept(context, execution, notification),
	};
}

async function askAboutOthers(
	context: IWebhookFunctions,
	final: FinalInvoices,
	deadline: number,
): Promise<'yes' | 'no' | 'unknown'> {
	const throttle = getThrottle(context);
	return await final.areAllFinal(
		async (id) =>
			await throttle.tryAsk(async () => await verify(context, [id], deadline - Date.now()), false),
	);
}

/** What is asked about in the background, so that no second notification is needed. */
function accept(
	context: IWebhookFunctions,
	execution: WaitingExecution,
	notification?: Notification,
): IWebhookResponseData {
	return keepAsking(execution, notification)
		? responses.received(context, { pending: true })
		: responses.unavailable(context);
}

/** The execution that the call came for, with the invoices that `waitForPayment` stored with it. */
function readExecution(context: IWebhookFunctions): WaitingExecution {
	const invoices = context.evaluateExpression(
		'{{ $input.all().map((item) => item.json) }}',
	) as unknown as IDataObject[];
	const executionId = context.getExecutionId();
	const resumeOn = context.getNodeParameter('resumeOn', 'paid') as ResumeOn;
	return {
		context,
		executionId,
		resumeUrl: String(context.evaluateExpression('{{ $execution.resumeUrl }}')),
		final: FinalInvoices.find(executionId, invoices, resumeOn),
		// Reading it here, beside the question, would cost the call an isolate of its own.
		getCredentials: async () => await context.getCredentials('safePaysApi'),
	};
}
