import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import { getMessage } from '../unknownValues';

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
	/**
	 * Accepts a notification, and starts an execution with what is to be settled there. n8n answers
	 * when it has the execution in its database, or could not start it: an answer before that could
	 * promise what never comes. Under a concurrency limit n8n answers only once a slot is free, so the
	 * node answers itself when the time is up.
	 *
	 * @param deadline milliseconds since 1970
	 * @param onNotStarted called where n8n could not start it; `promised` if the sender was told otherwise
	 */
	pending: (
		context: IWebhookFunctions,
		workflowData: INodeExecutionData[][],
		deadline: number,
		onNotStarted: (promised: boolean) => void,
	) => {
		const body = { received: true, pending: true };
		const response = context.getResponseObject();
		response.once('finish', () => {
			if (response.statusCode >= 500) onNotStarted(false);
		});
		AbortSignal.timeout(Math.max(0, deadline - Date.now())).addEventListener('abort', () => {
			if (response.headersSent || response.destroyed) return;
			response.status(200).json(body);
			// n8n answers once more, and would take it for an error that it cannot.
			const ignore = () => {
				if (response.statusCode >= 500) onNotStarted(true);
				return response;
			};
			Object.assign(response, { setHeader: () => response, json: ignore, send: ignore });
		});
		return { webhookResponse: body, workflowData };
	},
};

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
