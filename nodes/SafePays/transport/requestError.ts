import { readObject } from '../unknownValues';
import type { ErrorText } from './errors';
import { SafePaysError } from './errors';
import type { SafePaysRequest } from './request';
import type { OutcomeKind } from './retryPolicy';
import { classify, isAboutAnother } from './retryPolicy';
import type { Answer, Failure, Outcome } from './sendOnce';

const CHECK_KEY = 'Check the API key in the SafePays credential.';
const CHECK_BASE_URL =
	'Check the Base URL in the SafePays credential, and any proxy or firewall between n8n and SafePays.';

/** What to do next, by SafePays' own words (customers.txt, invoices.txt, "Error Responses"). */
export const NEXT_STEPS: Record<string, string> = {
	'Invalid API Key': CHECK_KEY,
	'api_key is required': CHECK_KEY,
	'api_key parameter is required': CHECK_KEY,
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
	'Invoice amount must be greater than 0':
		'Check the amount, or quantity and price of the line items.',
	'Invalid redirect_url': 'Check the Redirect URL: it has to be a complete http(s) address.',
	'Invalid webhook_url':
		'Check "When Paid", and the Trigger Path and Default Webhook URL of the credential: SafePays takes only complete, public addresses.',
	'Invalid due_date format. Use YYYY-MM-DD': 'Check the Due Date.',
};

const NEXT_STEP_BY_STATUS: Record<number, string> = {
	401: CHECK_KEY,
	403: 'SafePays, or a firewall before it, denies access. Check the API key and the account.',
	404: 'Check the Base URL in the SafePays credential.',
};

/** Longer texts from elsewhere would push the next step out of sight. */
const MAX_QUOTED_LENGTH = 300;

/** The error of a request that brought no record. */
export function createRequestError(request: SafePaysRequest, outcome: Outcome): SafePaysError {
	if ('failure' in outcome) return new SafePaysError(describeFailure(outcome));
	const { answer } = outcome;
	const kind = classify(outcome, request);
	return new SafePaysError({
		...describeAnswer(request, kind, answer),
		httpCode: String(answer.status),
		rejected: kind === 'rejected' && getApiErrorMessage(answer) !== undefined,
	});
}

/** SafePays' own words, `{"error": "…"}`, if the answer has any (customers.txt, invoices.txt, "Error Responses"). */
export function getApiErrorMessage({ body }: Pick<Answer, 'body'>): string | undefined {
	const { error } = readObject(body);
	return typeof error === 'string' && error !== '' ? error : undefined;
}

function describeAnswer(request: SafePaysRequest, kind: OutcomeKind, answer: Answer): ErrorText {
	const { status } = answer;
	const message = getApiErrorMessage(answer);
	if (message !== undefined && kind !== 'unreadable') {
		const nextStep =
			NEXT_STEPS[message] ??
			(kind === 'serverError'
				? 'Something is wrong at SafePays or its payment provider. Try again later.'
				: (NEXT_STEP_BY_STATUS[status] ?? 'Check the values of this item.'));
		return {
			message: `SafePays says: ${shorten(message)} (${status})`,
			nextStep,
		};
	}
	if (status >= 300 && status < 400) {
		const target = answer.headers.location;
		return {
			message: `The Base URL redirects${target ? ` to ${shorten(target)}` : ''} (status ${status})`,
			nextStep:
				'Check the Base URL in the SafePays credential: it has to be an address that answers without a redirect.',
		};
	}
	if (kind === 'unreadable' && isAboutAnother(answer.body, request)) {
		return {
			message: `The answer is about another ${request.record} than the one asked for (status ${status})`,
			nextStep: CHECK_BASE_URL,
		};
	}
	const received = `${describeBody(answer)} instead of JSON of SafePays`;
	if (kind === 'serverError') {
		return {
			message: `SafePays answered with status ${status}: ${received}`,
			nextStep: 'Something is wrong at SafePays or a proxy before it. Try again later.',
		};
	}
	const words = kind === 'rejected' ? findWords(answer.body) : '';
	if (words !== '') {
		return {
			message: `The request was refused: ${shorten(words)} (${status})`,
			nextStep: `${NEXT_STEP_BY_STATUS[status] ?? 'Check the values of this item.'} This is not how SafePays words its errors, so a proxy or firewall may have sent it.`,
		};
	}
	return {
		message: `The answer is not from SafePays (status ${status}): ${received}`,
		nextStep: CHECK_BASE_URL,
	};
}

function describeFailure({ failure, code }: Failure): ErrorText {
	if (failure === 'unreachable') {
		return {
			message: `SafePays cannot be reached (${describeNetworkCode(code)})`,
			nextStep:
				'Check the Base URL in the SafePays credential and the network of your n8n. Nothing was sent.',
		};
	}
	return {
		message:
			code === 'ETIMEDOUT' || code === 'ECONNABORTED'
				? 'SafePays did not answer in time'
				: 'The connection broke before SafePays answered',
		nextStep: 'Try again later. The option "Timeout (Seconds)" sets how long a request may take.',
	};
}

/** Plain words for the codes that people meet; n8n would replace a message that names the bare code. */
function describeNetworkCode(code: string): string {
	if (code === 'ECONNREFUSED') return 'connection refused';
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'unknown host name';
	if (code === 'ERR_INVALID_URL') return 'the Base URL is not a complete address';
	if (/CERT|SIGNED|UNABLE_TO|DEPTH_ZERO|SSL|EPROTO|ECONNRESET/.test(code)) {
		return 'no secure connection';
	}
	return 'no route to the host';
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

/** Keys under which other services than SafePays put their error message. */
const ERROR_KEYS = ['error', 'errors', 'message', 'detail', 'details', 'title', 'reason'];

/** The words of a refusal in another shape, such as `{"errors": [{"message": "…"}]}`; '' if there are none. */
function findWords(body: unknown, depth = 0): string {
	if (typeof body === 'string') return depth > 0 ? body.trim() : '';
	if (typeof body !== 'object' || body === null || depth > 4) return '';
	const named = Object.entries(body).filter(([key]) => ERROR_KEYS.includes(key.toLowerCase()));
	// Below the top the keys may be the names of fields, as in {"errors": {"email": ["…"]}}.
	const inside = named.length > 0 || depth === 0 ? named : Object.entries(body);
	const words = inside
		.map(([, value]: [string, unknown]) => findWords(value, depth + 1))
		.filter((found) => found !== '');
	return [...new Set(words)].join('; ');
}

function shorten(words: string): string {
	return words.length > MAX_QUOTED_LENGTH ? `${words.slice(0, MAX_QUOTED_LENGTH)}…` : words;
}
