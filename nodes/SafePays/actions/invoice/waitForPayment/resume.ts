import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import type { Notification } from '../../../webhooks/parse';
import { parseNotification, readBody } from '../../../webhooks/parse';
import { responses } from '../../../webhooks/responses';
import { getThrottle } from '../../../webhooks/throttle';
import { getAnswerDeadline, isBehind, verify, verifyQuickly } from '../../../webhooks/verify';
import type { ResumeOn } from './finalInvoices';
import { FinalInvoices } from './finalInvoices';
import type { WaitingExecution } from './watch';
import { askOn, isAskingOn } from './watch';

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

	const isKnown = () => final.settles(notification.ids.slice(0, 1), notification.status);
	let known = isKnown();
	if (!known && !final.resumed) {
		if (isAskingOn(execution, notification))
			return responses.received(context, { duplicate: true });
		const verdict = await verifyQuickly(context, notification, deadline, false);
		if (verdict?.kind === 'unknown') return responses.unknown(context);
		if (verdict?.kind === 'created' && notification.status === undefined) {
			getThrottle(context).noteUnconfirmed();
			return responses.created(context);
		}
		if (verdict?.kind === 'confirmed' && !isBehind(verdict, notification)) {
			// A copy may have been confirmed by the same answer.
			known = isKnown();
			if (!final.note(verdict.invoice))
				return responses.received(context, { ignored: verdict.status });
		} else {
			if (verdict === undefined && (await getThrottle(context).isFlooded()))
				return responses.unavailable(context);
			return accept(context, execution, notification);
		}
	}
	const all = final.resumed
		? 'no'
		: await final.areAll(
				async (id) =>
					await getThrottle(context).tryAsk(
						async () => await verify(context, [id], deadline - Date.now()),
						false,
					),
			);
	if (all === 'unknown') return accept(context, execution);
	// Another notification may have resumed it while this one asked.
	if (all === 'no' || final.resumed)
		return responses.received(context, known ? { duplicate: true } : {});

	final.resumed = true;
	const response = context.getResponseObject();
	response.once('finish', () => {
		// n8n could not resume the execution and said so: the next notification has to try again.
		if (response.statusCode >= 500) final.resumed = false;
	});
	return { webhookResponse: { received: true }, workflowData: [final.createOutputs()] };
}

/** What is asked about in the background, so that no second notification is needed. */
function accept(
	context: IWebhookFunctions,
	execution: WaitingExecution,
	notification?: Notification,
): IWebhookResponseData {
	return askOn(execution, notification)
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
