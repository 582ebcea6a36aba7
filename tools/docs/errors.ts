import type { ICredentialTestFunctions, IDataObject } from 'n8n-workflow';

import { readDueDate } from '../../nodes/SafePays/actions/dueDate';
import { operations } from '../../nodes/SafePays/actions';
import type { ItemParameters } from '../../nodes/SafePays/actions/parameters';
import * as validation from '../../nodes/SafePays/actions/validation';
import { InvalidInput } from '../../nodes/SafePays/errors/invalidInput';
import { testCredential } from '../../nodes/SafePays/methods/credentialTest';
import {
	createCancelledError,
	createNotResentError,
	createRateLimitError,
} from '../../nodes/SafePays/transport/errors';
import { createRequestError, NEXT_STEPS } from '../../nodes/SafePays/transport/requestError';
import {
	createKeyBusyError,
	createKeyTakenError,
	createNoSuchInvoiceError,
	createOtherRequestError,
	createUnreadableError,
} from '../../nodes/SafePays/idempotency/uniqueKeyErrors';
import type { SafePaysRequest } from '../../nodes/SafePays/transport/request';
import type { Outcome } from '../../nodes/SafePays/transport/sendOnce';
import { buildGetInvoice } from '../../nodes/SafePays/transport/request';
import { classify, RETRY_POLICY } from '../../nodes/SafePays/transport/retryPolicy';
import { code, table } from './markdown';

const INVOICE_ID = '49ae344a-3f30-4675-b7bb-a95a92e03545';
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const HTML = '<html><title>Log in</title></html>';

const answer = (status: number, body: unknown, headers = {}): Outcome => ({
	answer: { status, body, headers },
});

const failure = (kind: 'unreachable' | 'interrupted', errorCode: string): Outcome => ({
	failure: kind,
	code: errorCode,
});

/** One outcome for each text that a request can end with, apart from `NEXT_STEPS`. */
const OUTCOMES: Outcome[] = [
	answer(502, { error: 'Payment provider error (card declined)' }),
	answer(400, { error: 'A text that is not in the table above' }),
	failure('interrupted', 'ETIMEDOUT'),
	failure('interrupted', 'ECONNRESET'),
	failure('unreachable', 'ECONNREFUSED'),
	failure('unreachable', 'ENOTFOUND'),
	failure('unreachable', 'CERT_HAS_EXPIRED'),
	failure('unreachable', 'EHOSTUNREACH'),
	failure('unreachable', 'ERR_INVALID_URL'),
	answer(503, HTML),
	answer(200, HTML),
	answer(200, ''),
	answer(302, '', { location: 'https://example.com/login' }),
	answer(404, HTML),
	answer(403, { errors: [{ message: 'Blocked by the firewall' }] }),
];

/** What to do about each refusal in SafePays' documents. */
export function refusalTable(): string {
	const rows = Object.entries(NEXT_STEPS).map(([words, nextStep]) => [code(words), nextStep]);
	return table(['SafePays says', 'What to do'], rows);
}

const REQUEST: SafePaysRequest = {
	method: 'POST',
	path: '/api/v2/invoice',
	record: 'invoice',
	summary: 'an invoice of 200 USD to nathan@example.com',
};

/** How a request can end without a record, with examples for what differs from case to case. */
export function requestErrorTable(): string {
	const time = new Date(0);
	const sent = OUTCOMES.map((outcome) => {
		const mayExist = RETRY_POLICY[classify(outcome, REQUEST)].POST === 'unconfirmed';
		return { error: createRequestError(REQUEST, outcome), mayExist };
	});
	const other = answer(200, { invoice: { id: UNKNOWN_ID } });
	const unsent = [
		{ error: createRequestError(buildGetInvoice(INVOICE_ID), other), mayExist: false },
		{ error: createRateLimitError(600_000, 300), mayExist: false },
		{ error: createCancelledError(), mayExist: false },
		{ error: createNotResentError(REQUEST, { when: 'at', time }), mayExist: true },
	];
	return table(
		['It says', 'What to do', 'Created?'],
		[...sent, ...unsent].map(({ error: { message, nextStep }, mayExist }) => [
			code(message),
			nextStep || 'Look in SafePays for what the error names.',
			mayExist ? 'Perhaps: look first' : 'No',
		]),
	);
}

/** Why an item with a unique key creates nothing. */
export function uniqueKeyErrorTable(): string {
	const keyed = { request: REQUEST, uniqueKey: 'order-1042' };
	const errors = [
		createKeyTakenError(keyed),
		createKeyBusyError(keyed),
		createOtherRequestError(keyed, 'an invoice of 150 USD to john@example.com'),
		createNoSuchInvoiceError(keyed, INVOICE_ID),
		createUnreadableError(new Error('the database is locked')),
	];
	return table(
		['It says', 'What to do'],
		errors.map(({ message, nextStep }) => [code(message), nextStep]),
	);
}

type Validator = Exclude<keyof typeof validation, 'quote' | 'sumLineItems'>;

/** For each function that validates, calls that it refuses: each throws an `InvalidInput`. */
const REFUSED: Record<Validator, Array<() => unknown>> = {
	readRequiredText: [() => validation.readRequiredText('', 'Name', 'Nathan Smith')],
	readText: [() => validation.readText({ first: 'Nathan' }, 'Name')],
	readChoice: [() => validation.readChoice('sometimes', 'When Paid', ['trigger', 'nothing'])],
	readEmail: [() => validation.readEmail('Nathan <nathan@example.com>', 'Email')],
	readId: [
		() => validation.readId('1042', 'Invoice', 'pay'),
		() => validation.readId('https://www.fanbasis.com/agency-checkout/ib/V7V1O', 'Invoice', 'pay'),
	],
	readNumber: [() => validation.readNumber('19,90', 'Amount')],
	readMoney: [
		() => validation.readMoney(19.999, 'Amount'),
		() => validation.readMoney(1_000_000_000_000, 'Amount'),
	],
	readAmount: [() => validation.readAmount(0, 'Amount')],
	readNumberWithin: [() => validation.readNumberWithin(9999, 'Timeout (Seconds)', 0.1, 3600)],
	readIntegerWithin: [() => validation.readIntegerWithin(2.5, 'Parallel Requests', 1, 100)],
	readUrl: [() => validation.readUrl('example.com/thank-you', 'Redirect URL')],
	readCurrency: [() => validation.readCurrency('Dollar', 'Currency')],
	readLineItems: [
		() => validation.readLineItems({}, 'Line Items'),
		() => validation.readLineItems('[{', 'Line Items'),
		() => validation.readLineItems([], 'Line Items'),
	],
};

/** Refused by the operations themselves. */
const REFUSED_BY_OPERATIONS: Array<() => unknown> = [
	() => readDueDate('01/02/2026', 'Due Date', 'UTC'),
	() => createInvoice({ dueDate: '2026-12-31', dueInDays: 30 }),
	() => createInvoice({ metadata: { entry: [{ name: 'orderId' }, { name: 'orderId' }] } }),
	() => createInvoice({ metadata: { entry: [{ name: '__proto__' }] } }),
	() => createInvoice({ metadata: { entry: [{ name: 'note', value: 'x'.repeat(2000) }] } }),
];

export function fieldErrorTable(): string {
	const rows = [...Object.values(REFUSED).flat(), ...REFUSED_BY_OPERATIONS].map((refused) => {
		const { message, nextStep } = catchInvalidInput(refused);
		return [code(message), nextStep];
	});
	return table(['It says', 'What to do'], rows);
}

const N8N = 'https://n8n.example.com';
const GOOD_CREDENTIAL = { apiKey: 'a-key', baseUrl: 'https://app.safepays.com' };

/** What the credential test says: of the fields alone, and of SafePays' answers. */
export async function credentialTestTable(): Promise<string> {
	const says = (statusCode: number, error: string) => ({ statusCode, body: { error } });
	const cases: Array<[string, IDataObject, { statusCode: number; body: unknown } | undefined]> = [
		['SafePays knows the key', {}, says(404, 'Invoice not found')],
		['**API Key** is empty', { apiKey: '' }, undefined],
		['**Base URL** is `app.safepays.com`', { baseUrl: 'app.safepays.com' }, undefined],
		['**Base URL** is `https://`', { baseUrl: 'https://' }, undefined],
		[
			'**Trigger Path** is a whole address, or leads elsewhere',
			{ triggerPath: `${N8N}/webhook/safepays` },
			undefined,
		],
		['**Default Webhook URL** is `my trigger`', { defaultWebhookUrl: 'my trigger' }, undefined],
		[
			'**Default Webhook URL** is a test URL',
			{ defaultWebhookUrl: `${N8N}/webhook-test/safepays` },
			undefined,
		],
		['**Default Webhook URL** has no path', { defaultWebhookUrl: N8N }, undefined],
		['SafePays refuses the key', {}, says(401, 'Invalid API Key')],
		['SafePays has closed the account', {}, says(403, 'This vendor account has been banned.')],
		['too many requests were sent with this key', {}, says(429, 'Rate limit exceeded.')],
		['SafePays is down', {}, says(500, 'Internal server error')],
		['a proxy before SafePays is down', {}, { statusCode: 502, body: HTML }],
		['the path of **Base URL** is wrong', {}, says(404, 'Not found')],
		['something else answers there', {}, { statusCode: 200, body: HTML }],
		['nothing answers there', {}, undefined],
	];
	const rows = cases.map(async ([when, credential, received]) => [
		when,
		code(await runCredentialTest({ ...GOOD_CREDENTIAL, ...credential }, received)),
	]);
	return table(['When', 'It says'], await Promise.all(rows));
}

/** @param received what the Base URL answers; undefined if nothing does */
async function runCredentialTest(data: IDataObject, received: unknown): Promise<string> {
	const request = async () => {
		if (received === undefined) throw new Error('ECONNREFUSED');
		return received;
	};
	const context = { helpers: { request } } as unknown as ICredentialTestFunctions;
	const credential = { id: '1', name: 'SafePays', type: 'safePaysApi', data };
	const { message } = await testCredential.call(context, credential as never);
	return message;
}

function catchInvalidInput(refused: () => unknown): InvalidInput {
	try {
		refused();
	} catch (error) {
		if (error instanceof InvalidInput) return error;
		throw error;
	}
	throw new Error(`Not refused: ${refused.toString()}`);
}

/** An invoice that is right but for its additional fields. */
function createInvoice(additionalFields: IDataObject): unknown {
	const parameters: IDataObject = {
		billTo: 'email',
		email: 'nathan@example.com',
		priceBy: 'amount',
		amount: 200,
		currency: 'USD',
		whenPaid: 'trigger',
		additionalFields,
	};
	const item: ItemParameters = {
		get: (name) => parameters[name],
		credentials: { ...GOOD_CREDENTIAL, triggerPath: 'safepays' },
		getResumeUrl: () => 'https://n8n.example.com/webhook-waiting/1',
		timeZone: 'UTC',
	};
	return operations.invoice.create.request(item);
}
