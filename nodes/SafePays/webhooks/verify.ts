import type { IWebhookFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { createProcessMap, getNodeKey } from '../processMemory';
import { askOnce } from '../transport/askOnce';
import { createRequestError, getApiErrorMessage } from '../transport/requestError';
import { parsePauseMs } from '../transport/rateLimitHeaders';
import type { SafePaysRequest } from '../transport/request';
import type { NodeContext, Outcome, Sender } from '../transport/sendOnce';
import { buildGetInvoice } from '../transport/request';
import { classify } from '../transport/retryPolicy';
import type { Invoice } from '../transport/records';
import { INVOICE_STATUS, parseInvoiceStatus } from '../transport/records';
import { sleepUnheld } from '../transport/sleepUnheld';
import type { Notification } from './parse';
import { DEFAULT_RETRY_AFTER_S } from './responses';
import { getThrottle } from './throttle';

/** What the API says of the invoice that a notification names. */
export type Verdict =
	| {
			kind: 'confirmed';
			invoiceId: string;
			status: NonNullable<Notification['status']>;
			invoice: Invoice;
	  }
	/** The invoice is there, but nothing has happened to it yet. */
	| { kind: 'created'; invoiceId: string }
	/** The API knows no such invoice for this key. */
	| { kind: 'unknown' }
	/** The API refused the key; `reason` has its words. */
	| { kind: 'refused'; invoiceId: string; reason: string }
	/** The API could not be asked, or its answer proves nothing; `pauseMs` where a rate limit names a time. */
	| { kind: 'unavailable'; invoiceId: string; reason: string; timedOut: boolean; pauseMs?: number };

export type ConfirmedVerdict = Extract<Verdict, { kind: 'confirmed' }>;

/** Milliseconds from a call's arrival to its answer: a sender waits 5 seconds at most. */
const ANSWER_WITHIN_MS = 4500;
/** Milliseconds for one question while a sender waits. */
const QUICK_QUESTION_MS = 2500;
/** Milliseconds between the first question and the second. */
const SECOND_QUESTION_AFTER_MS = 500;

/** Why an event could not be asked about where SafePays wants to be left alone. */
export const RATE_LIMITED = 'the rate limit is reached';

/** Questions under way that a process remembers; past that the oldest is not shared any more. */
const MAX_ASKING = 1_000;

/** Notifications that say the same of an invoice and arrive together share one question. */
const asking = createProcessMap<Promise<Verdict | undefined>>(
	MAX_ASKING,
	'triggers: questions under way, which notifications that say the same share',
);

/** When a notification that has arrived just now has to be answered, in milliseconds since 1970. */
export function getAnswerDeadline(): number {
	return Date.now() + ANSWER_WITHIN_MS;
}

/**
 * Asks the API once for the invoice that a notification names. Its answer alone decides: SafePays
 * signs nothing that could be checked, so a notification proves nothing. Of several ids the next is
 * asked for where the API does not know the one before.
 *
 * Never throws. Serves `webhook()`, `execute()`, and what goes on after them: then with a `sender`,
 * since n8n reads no credential for a node that has ended.
 *
 * @param timeoutMs milliseconds for all of it
 */
export async function verify(
	context: NodeContext,
	ids: string[],
	timeoutMs: number,
	sender?: Sender,
): Promise<Verdict> {
	const throttle = getThrottle(context);
	const begun = Date.now();
	for (const [index, invoiceId] of ids.entries()) {
		const left = Math.max(1, begun + timeoutMs - Date.now());
		const request = buildGetInvoice(invoiceId);
		const asked = askOnce(context, request, left / 1000, sender);
		const verdict = readVerdict(request, invoiceId, await Promise.race([asked, failAfter(left)]));
		if (verdict.kind === 'unknown' && index < ids.length - 1) continue;
		throttle.note(verdict, begun);
		if (verdict.kind === 'refused') logRefusal(context, verdict.reason);
		return verdict;
	}
	return { kind: 'unknown' };
}

/**
 * Asks while a sender waits: one quick question, and a second one where the first brought nothing
 * and there is time.
 *
 * @param deadline milliseconds since 1970
 * @param canDefer whether an execution can ask instead
 * @returns undefined where too many are asking already, or SafePays wants to be left alone
 */
export async function verifyQuickly(
	context: IWebhookFunctions,
	notification: Notification,
	deadline: number,
	canDefer: boolean,
): Promise<Verdict | undefined> {
	// "Paid" must not be settled by an answer to a request that was sent when the invoice was still "Failed".
	const name = [getNodeKey(context), ...notification.ids, notification.status].join();
	const joined = await asking.get(name);
	// One that names no status may tell of what has happened since that answer was made.
	const mayBeOld =
		notification.status === undefined &&
		joined?.kind === 'confirmed' &&
		joined.status !== INVOICE_STATUS.paid;
	if (joined && !mayBeOld) return joined;
	const running =
		asking.get(name) ??
		askTwice(context, notification, deadline, canDefer).finally(() => asking.delete(name));
	asking.set(name, running);
	return await running;
}

/**
 * Whether the API has not caught up yet with what a notification says. An invoice that is paid waits
 * for nothing: what says otherwise is most likely older.
 */
export function isBehind(verdict: Verdict, { status: said }: Notification): boolean {
	if (said === undefined) return false;
	if (verdict.kind === 'created') return true;
	return (
		verdict.kind === 'confirmed' &&
		verdict.status !== said &&
		verdict.status !== INVOICE_STATUS.paid
	);
}

async function askTwice(
	context: IWebhookFunctions,
	notification: Notification,
	deadline: number,
	canDefer: boolean,
): Promise<Verdict | undefined> {
	const ask = async () =>
		await getThrottle(context).tryAsk(
			async () =>
				await verify(context, notification.ids, Math.min(QUICK_QUESTION_MS, deadline - Date.now())),
			canDefer,
		);
	const first = await ask();
	if (first === undefined || !isWorthAskingAgain(first, notification)) return first;
	const secondAt = Date.now() + SECOND_QUESTION_AFTER_MS;
	if (secondAt + QUICK_QUESTION_MS / 2 > deadline) return first;
	await sleep(SECOND_QUESTION_AFTER_MS);
	return (await ask()) ?? first;
}

function isWorthAskingAgain(verdict: Verdict, notification: Notification): boolean {
	if (verdict.kind !== 'unavailable') return isBehind(verdict, notification);
	return !verdict.timedOut && verdict.pauseMs === undefined;
}

/** Reading the credential takes time as well, which the request's own timeout does not include. */
async function failAfter(ms: number): Promise<Outcome> {
	await sleepUnheld(ms);
	return { failure: 'interrupted', code: 'ETIMEDOUT' };
}

function readVerdict(
	request: SafePaysRequest,
	invoiceId: string,
	outcome: Outcome | { tooLongMs: number },
): Verdict {
	const unavailable = (reason: string, pauseMs?: number): Verdict => ({
		kind: 'unavailable',
		invoiceId,
		reason,
		timedOut: 'failure' in outcome && outcome.code === 'ETIMEDOUT',
		pauseMs,
	});
	if ('tooLongMs' in outcome) return unavailable(RATE_LIMITED, outcome.tooLongMs);
	const describe = () => createRequestError(request, outcome).message;
	if ('failure' in outcome) return unavailable(describe());
	const { answer } = outcome;
	const kind = classify(outcome, request);
	if (kind === 'success') {
		const invoice = (answer.body as { invoice: Invoice }).invoice;
		const status = parseInvoiceStatus(invoice.status);
		if (status === undefined)
			return unavailable(`an unknown status, "${String(invoice.status).slice(0, 40)}"`);
		return status === INVOICE_STATUS.created
			? { kind: 'created', invoiceId }
			: { kind: 'confirmed', invoiceId, status, invoice };
	}
	if (kind === 'rateLimited')
		return unavailable(RATE_LIMITED, parsePauseMs(answer) ?? DEFAULT_RETRY_AFTER_S * 1000);
	const said = getApiErrorMessage(answer);
	if (said === undefined) return unavailable(describe());
	// SafePays' "Invoice not found", and not the 404 of a web server before it, which may be JSON, too,
	// and name the path that was asked for.
	const isOfSafePays = /\binvoice\b/i.test(said) && !said.includes('/');
	if (answer.status === 404 && isOfSafePays) return { kind: 'unknown' };
	// 400 is the answer to an empty key: there is nothing else in the request that could be wrong.
	return [400, 401, 403].includes(answer.status)
		? { kind: 'refused', invoiceId, reason: `"${said}" (${answer.status})` }
		: unavailable(describe());
}

function logRefusal(context: NodeContext, reason: string): void {
	context.logger.error(
		`SafePays refused the API key of the node "${context.getNode().name}": ${reason}. A payment notification could not be checked. Check the API key in the SafePays credential, and the account.`,
	);
}
