import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import type { Confirmation } from './confirm';
import { COME_AGAIN } from './apiTurns';

/**
 * Answers a notification without starting or resuming anything.
 *
 * n8n sends a `webhookResponse` as the body of a 200 whatever status it names, so any other status
 * is written to the response itself.
 */
export function reply(
	context: IWebhookFunctions,
	status: number,
	body: IDataObject,
	headers: Record<string, string> = {},
): IWebhookResponseData {
	if (status === 200) return { webhookResponse: body };
	context.getResponseObject().status(status).set(headers).json(body);
	return { noWebhookResponse: true };
}

export const replies = {
	malformed: (context: IWebhookFunctions) =>
		reply(context, 400, { error: 'No invoice id that is a UUID in the body' }),
	unknown: (context: IWebhookFunctions) => reply(context, 404, { error: 'No such invoice' }),
	nothingHappened: (context: IWebhookFunctions) =>
		reply(context, 409, { error: 'Nothing has happened to this invoice yet' }),
	/** @param retryAfter seconds after which the sender should come again */
	unavailable: (context: IWebhookFunctions, retryAfter = COME_AGAIN) =>
		reply(
			context,
			503,
			{ error: 'The invoice could not be checked now' },
			{ 'Retry-After': String(retryAfter) },
		),
	received: (context: IWebhookFunctions, extra: IDataObject = {}) =>
		reply(context, 200, { received: true, ...extra }),
};

/** Handles a notification; whatever goes wrong is logged and answered like an API that cannot be asked. */
export async function neverThrowing(
	context: IWebhookFunctions,
	handle: (context: IWebhookFunctions) => Promise<IWebhookResponseData>,
): Promise<IWebhookResponseData> {
	try {
		return await handle(context);
	} catch (error) {
		context.logger.error(
			`The node "${context.getNode().name}" could not handle a notification from SafePays: ${error instanceof Error ? error.message : String(error)}`,
		);
		return replies.unavailable(context);
	}
}

/** The answer to a notification that the API did not confirm. */
export function replyUnconfirmed(
	context: IWebhookFunctions,
	confirmation: Exclude<Confirmation, { kind: 'confirmed' }>,
): IWebhookResponseData {
	if (confirmation.kind === 'unavailable') {
		return replies.unavailable(context, confirmation.retryAfter);
	}
	return replies[confirmation.kind](context);
}
