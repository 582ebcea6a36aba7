import type { IDataObject, INode } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

import { isAiTool } from '../aiTool';
import type { Redact } from './redact';
import type { Answer, Outcome, SafePaysRequest } from './request';
import type { OutcomeKind } from './retryRules';

/** What a request's failure is told with: the headline, what to do next, and the HTTP status. */
interface Telling {
	message: string;
	description: string;
	httpCode?: string;
	/** SafePays itself refused the request, in its own words. */
	refused?: boolean;
}

/** What a person has to look for where a create may have happened all the same. */
export interface Unconfirmed {
	/** e.g. "an invoice of 200 USD to john@example.com" */
	what: string;
	/** When it was sent, e.g. "at 2026-01-31 13:00:00" in the workflow's time zone. */
	sent: string;
}

const MISSING_KEY = 'Check the API key in the SafePays credential.';

const NEXT_STEPS: Record<string, string> = {
	'Invalid API Key': MISSING_KEY,
	'api_key is required': MISSING_KEY,
	'api_key parameter is required': MISSING_KEY,
	'This vendor account has been banned.': 'Contact the SafePays support about your account.',
	'Customer not found':
		'Check the customer ID, and that the credential belongs to the account that has this customer.',
	'Invoice not found':
		'Check the invoice ID, and that the credential belongs to the account that has this invoice.',
	'Customer with this email already exists':
		'Set "If Customer Exists" to "Continue", or get the existing customer by its ID.',
	'name and email are required': 'Fill in Name and Email.',
	'email or customer_id is required': 'Fill in the email address or the customer to bill.',
	'amount or items are required': 'Fill in an amount or at least one line item.',
	'Invoice amount must be greater than 0': 'Check the amount, or quantity and price of the line items.',
	'Invalid redirect_url': 'Check the Redirect URL: it has to be a complete http(s) address.',
	'Invalid webhook_url':
		'Check the Webhook URL, and the Default Webhook URL of the credential: SafePays takes only complete, public addresses.',
	'Invalid due_date format. Use YYYY-MM-DD': 'Check the Due Date.',
};

const BY_STATUS: Record<number, string> = {
	401: MISSING_KEY,
	403: 'SafePays, or a firewall before it, denies access. Check the API key and the account.',
	404: 'Check the Base URL in the SafePays credential.',
};

/** The error of a request that failed for good. Holds plain texts only: never n8n's or axios' error, whose URL has the key. */
export function requestError(
	node: INode,
	itemIndex: number,
	kind: OutcomeKind,
	outcome: Outcome,
	request: SafePaysRequest,
	redact: Redact,
	unconfirmed?: Unconfirmed,
): NodeApiError {
	const told = 'failure' in outcome ? tellFailure(kind, outcome.code) : tellAnswer(kind, outcome.answer);
	return errorOf(node, itemIndex, told, request, redact, unconfirmed);
}

/** The error of a create that an earlier try left unconfirmed, and that is therefore not sent again. */
export function notResentError(
	node: INode,
	itemIndex: number,
	record: SafePaysRequest['record'],
	unconfirmed: Unconfirmed,
	redact: Redact,
): NodeApiError {
	const told = {
		message: `Not sent again: an earlier try may have created the ${record}`,
		description: howToConfirm(node, unconfirmed, record),
	};
	return apiError(node, itemIndex, told, redact, { unconfirmed: true });
}

/** The error of a request that was not sent because the rate limit outlasts the time to wait for it. */
export function rateLimitError(
	node: INode,
	itemIndex: number,
	pauseMs: number,
	waitSeconds: number,
	request: SafePaysRequest,
	redact: Redact,
	unconfirmed?: Unconfirmed,
): NodeApiError {
	const told = {
		message: `SafePays' rate limit is reached: it asks to wait ${Math.ceil(pauseMs / 1000)} more seconds`,
		description: `Nothing was sent for this item, so it is safe to run it again. The option "Rate Limit Wait" lets an item wait ${waitSeconds} seconds; raise it, or send fewer items at a time.`,
		httpCode: '429',
	};
	return errorOf(node, itemIndex, told, request, redact, unconfirmed);
}

/** The error of a request that was not sent (again) because the user cancelled the execution. */
export function cancelledError(
	node: INode,
	itemIndex: number,
	request: SafePaysRequest,
	redact: Redact,
	unconfirmed?: Unconfirmed,
): NodeApiError {
	const told = {
		message: `The execution was cancelled before this item was sent to SafePays${unconfirmed ? ' again' : ''}`,
		description: 'Nothing was sent for this item.',
	};
	return errorOf(node, itemIndex, told, request, redact, unconfirmed);
}

/** Whatever ended the sending of a request: if an attempt may have happened, that is what a person has to know. */
function errorOf(
	node: INode,
	itemIndex: number,
	told: Telling,
	{ record }: SafePaysRequest,
	redact: Redact,
	unconfirmed?: Unconfirmed,
): NodeApiError {
	if (!unconfirmed) return apiError(node, itemIndex, told, redact);
	const message = `${told.message}. The ${record} may exist all the same`;
	const description = howToConfirm(node, unconfirmed, record);
	return apiError(node, itemIndex, { ...told, message, description }, redact, { unconfirmed: true });
}

/** SafePays' own words, `{"error": "…"}`, if the answer has any. */
export function wordsOf(answer: Pick<Answer, 'body'>): string | undefined {
	const { error } = (answer.body ?? {}) as { error?: unknown };
	return typeof error === 'string' && error !== '' ? error : undefined;
}

function tellAnswer(kind: OutcomeKind, answer: Answer): Telling {
	const { status } = answer;
	const httpCode = String(status);
	const words = wordsOf(answer);
	if (words !== undefined && kind !== 'unreadable') {
		const description =
			NEXT_STEPS[words] ??
			(kind === 'serverError'
				? 'SafePays or its payment provider has a problem. Try again later.'
				: (BY_STATUS[status] ?? 'Check the values of this item.'));
		return {
			message: `SafePays says: ${words} (${status})`,
			description,
			httpCode,
			refused: kind === 'rejected',
		};
	}
	const came = `instead of SafePays' JSON came ${describeBody(answer)}`;
	if (kind === 'serverError') {
		return {
			message: `SafePays failed with status ${status}: ${came}`,
			description: 'SafePays, or a proxy before it, has a problem. Try again later.',
			httpCode,
		};
	}
	return {
		message: `The answer is not from SafePays (status ${status}): ${came}`,
		description:
			'Check the Base URL in the SafePays credential, and any proxy or firewall between n8n and SafePays.',
		httpCode,
	};
}

function tellFailure(kind: OutcomeKind, code: string): Telling {
	if (kind === 'unreachable') {
		return {
			message: `SafePays cannot be reached (${networkWords(code)})`,
			description: 'Check the Base URL in the SafePays credential and the network of your n8n. Nothing was sent.',
		};
	}
	return {
		message:
			code === 'ETIMEDOUT' || code === 'ECONNABORTED'
				? 'SafePays did not answer in time'
				: 'The connection broke before SafePays answered',
		description: 'Try again later. The option "Timeout" sets how long a request may take.',
	};
}

/** Plain words for the codes that people meet; n8n would replace a message that names the bare code. */
function networkWords(code: string): string {
	if (code === 'ECONNREFUSED') return 'connection refused';
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'unknown host name';
	if (/CERT|SIGNED|UNABLE_TO|DEPTH_ZERO/.test(code)) return 'no secure connection';
	return 'no route to the host';
}

function howToConfirm(node: INode, { what, sent }: Unconfirmed, record: string): string {
	if (isAiTool(node)) {
		return `Do not create it again. Tell the user to look in SafePays for ${what}, sent ${sent}, and that only if it is not there it should be asked for again.`;
	}
	return `Look in SafePays for ${what}, sent ${sent}. If it is there, use its ID with ${
		record === 'invoice' ? 'Invoice' : 'Customer'
	} > Get. If it is not, run this again with the option "Resend Unconfirmed" turned on.`;
}

function describeBody({ body, headers }: Answer): string {
	const type = String(headers['content-type'] ?? '').split(';')[0];
	if (body === undefined || body === null || body === '') return 'an empty body';
	if (typeof body === 'string') {
		const title = /<title[^>]*>([^<]{1,80})/i.exec(body)?.[1]?.trim();
		if (/^\s*</.test(body)) return `an HTML page${title ? ` titled "${title}"` : ''}`;
		return /json/.test(type) ? 'broken JSON' : `text (${type || 'of no type'})`;
	}
	return 'JSON of another shape';
}

function apiError(
	node: INode,
	itemIndex: number,
	{ message, description, httpCode, refused }: Telling,
	redact: Redact,
	data?: IDataObject,
): NodeApiError {
	const headline = redact(`${message} [item ${itemIndex}]`);
	const error = new NodeApiError(
		node,
		{ message: headline },
		{ message: headline, description: redact(description), httpCode, itemIndex },
	);
	if (data) error.context.data = data;
	if (refused) error.context.refusedBySafePays = true;
	return error;
}

/** Whether an error leaves open if a create has happened. */
export function isUnconfirmed(error: unknown): boolean {
	return error instanceof NodeApiError && (error.context.data as IDataObject | undefined)?.unconfirmed === true;
}

/** The HTTP status of a refusal in SafePays' own words, '' for any other error: a proxy may answer 409 too. */
export function refusalBySafePays(error: unknown): string {
	const refused = error instanceof NodeApiError && error.context.refusedBySafePays === true;
	return refused ? (error.httpCode ?? '') : '';
}
