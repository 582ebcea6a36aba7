import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import { INVOICE_STATUS } from '../transport/records';
import { sleepUnheld } from '../transport/sleepUnheld';
import { getMessage } from '../unknownValues';
import type { Notification } from './parse';
import { getThrottle } from './throttle';
import type { Verdict } from './verify';

/** Seconds after which a sender should come again, where nothing names a time. */
export const DEFAULT_RETRY_AFTER_S = 30;

/**
 * Answers a notification without starting or resuming anything.
 *
 * n8n sends a `webhookResponse` as the body of a 200 whatever status it names, so any other status
 * is written to the response itself.
 */
function respond(
	context: IWebhookFunctions,
	status: number,
	body: IDataObject,
	headers: Record<string, string> = {},
): IWebhookResponseData {
	if (status === 200) return { webhookResponse: body };
	context.getResponseObject().status(status).set(headers).json(body);
	return { noWebhookResponse: true };
}

/** The answers of the table in docs/trigger.md that start nothing. */
export const responses = {
	malformed: (context: IWebhookFunctions) =>
		respond(context, 400, { error: 'No invoice id that is a UUID in the body' }),
	unknown: (context: IWebhookFunctions) => respond(context, 404, { error: 'No such invoice' }),
	created: (context: IWebhookFunctions) =>
		respond(context, 409, { error: 'Nothing has happened to this invoice yet' }),
	/** @param retryAfter seconds after which the sender should come again */
	unavailable: (context: IWebhookFunctions, retryAfter = DEFAULT_RETRY_AFTER_S) =>
		respond(
			context,
			503,
			{ error: 'The invoice could not be checked now' },
			{ 'Retry-After': String(Math.ceil(retryAfter)) },
		),
	received: (context: IWebhookFunctions, extra: IDataObject = {}) =>
		respond(context, 200, { received: true, ...extra }),
};

/**
 * Turns a notification away that the API's answer contradicts, and counts what is not true: a flood
 * may also name another status than that of a paid invoice.
 *
 * @returns undefined for any other
 */
export function rejectFalse(
	context: IWebhookFunctions,
	{ status }: Notification,
	verdict: Verdict | undefined,
): IWebhookResponseData | undefined {
	if (verdict?.kind === 'unknown') return responses.unknown(context);
	const isUntouched = verdict?.kind === 'created' && status === undefined;
	const isPaidAnyway =
		verdict?.kind === 'confirmed' &&
		verdict.status === INVOICE_STATUS.paid &&
		status !== undefined &&
		status !== verdict.status;
	if (isUntouched || isPaidAnyway) getThrottle(context).noteUnconfirmed();
	return isUntouched ? responses.created(context) : undefined;
}

type Response = ReturnType<IWebhookFunctions['getResponseObject']>;

/** Calls `undo` if n8n then could not start (or resume) the execution and said so: SafePays' next try has to be let through. */
export function undoIfNotStarted(context: IWebhookFunctions, undo: () => void): void {
	const response = context.getResponseObject();
	response.once('finish', () => {
		if (response.statusCode >= 500) undo();
	});
}

/**
 * Answers a notification as pending, and starts an execution that settles it.
 *
 * n8n answers when the execution is in its database, or could not be started: an answer before that
 * could promise what never comes. Under a concurrency limit n8n waits for a free slot as well, so at
 * the deadline the node answers itself.
 *
 * @param deadline milliseconds since 1970
 * @param undo called if n8n could not start it; `isPromised` if the node had answered before
 */
export function acceptPending(
	context: IWebhookFunctions,
	workflowData: INodeExecutionData[][],
	deadline: number,
	undo: (isPromised: boolean) => void,
): IWebhookResponseData {
	const body = { received: true, pending: true };
	const response = context.getResponseObject();
	undoIfNotStarted(context, () => undo(false));
	void sleepUnheld(deadline - Date.now()).then(() => {
		if (response.headersSent || response.destroyed) return;
		response.status(200).json(body);
		ignoreSecondAnswer(response, () => undo(true));
	});
	return { webhookResponse: body, workflowData };
}

/** n8n answers once more when a slot is free, and would take it for an error that it cannot. */
function ignoreSecondAnswer(response: Response, onServerError: () => void): void {
	const ignore = () => {
		if (response.statusCode >= 500) onServerError();
		return response;
	};
	Object.assign(response, { setHeader: () => response, json: ignore, send: ignore });
}

/**
 * Handles a notification; whatever goes wrong is logged and answered like an API that cannot be
 * asked. Never throws: n8n would resume a waiting execution with an empty item.
 */
export async function answerAlways(
	context: IWebhookFunctions,
	handle: (context: IWebhookFunctions) => Promise<IWebhookResponseData>,
): Promise<IWebhookResponseData> {
	try {
		return await handle(context);
	} catch (error) {
		context.logger.error(
			`The node "${context.getNode().name}" could not handle a notification from SafePays: ${getMessage(error)}`,
		);
		return responses.unavailable(context);
	}
}
