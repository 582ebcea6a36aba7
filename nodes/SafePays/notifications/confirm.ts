import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { getInvoice } from '../actions/invoice/getInvoice';
import { nodeKey } from '../memory/nodeKey';
import { wordsOf } from '../transport/errors';
import { pauseNamedBy } from '../transport/rateLimit';
import type { Outcome } from '../transport/request';
import { sendOnce } from '../transport/request';
import { kindOf, RULES } from '../transport/retryRules';
import { COME_AGAIN, turnsOf } from './apiTurns';
import type { Notification } from './read';
import { STATUS } from './read';

/** What the API says of the invoice that a notification names. */
export type Confirmation =
	| { kind: 'confirmed'; status: string; invoice: IDataObject }
	/** The API knows no such invoice for this key. */
	| { kind: 'unknown' }
	/** The invoice is there, but nothing has happened to it yet. */
	| { kind: 'nothingHappened' }
	/** The API could not be asked, or refused the key; `retryAfter` in seconds. */
	| { kind: 'unavailable'; retryAfter: number };

/** Milliseconds from a notification's arrival to its answer: a sender waits 10 seconds at most. */
const ANSWER_WITHIN_MS = 8500;
/** Seconds for one request. */
const REQUEST_TIMEOUT = 4;
/** Pauses before asking again, in milliseconds. */
const AFTER_FAILURE_MS = [300, 800];
const AFTER_NOTHING_HAPPENED_MS = [500, 1000, 2000];
const STATUSES: string[] = Object.values(STATUS);

/** Notifications that say the same of an invoice and arrive together share one question. */
const asking = new Map<string, Promise<Confirmation>>();

/**
 * Asks the API for the invoice that a notification names. Its answer alone decides: SafePays signs
 * nothing that could be checked, so a notification proves nothing.
 *
 * Never throws. Takes 8.5 seconds at most.
 */
export async function confirm(
	context: IWebhookFunctions,
	{ invoiceId, status }: Notification,
	deadline = answerDeadline(),
): Promise<Confirmation> {
	// "Paid" must not be settled by an answer that was on its way when the invoice was still "Failed".
	const said = STATUSES.includes(status) ? status : '';
	const name = `${nodeKey(context)}:${invoiceId}:${said}`;
	const running =
		asking.get(name) ??
		ask(context, { invoiceId, status: said }, deadline, AFTER_NOTHING_HAPPENED_MS).finally(() =>
			asking.delete(name),
		);
	asking.set(name, running);
	return await running;
}

/** The same for an invoice that no notification names: its state of this moment, whatever it is. */
export async function stateOf(
	context: IWebhookFunctions,
	invoiceId: string,
	deadline: number,
): Promise<Confirmation> {
	return await ask(context, { invoiceId, status: '' }, deadline, []);
}

/** When a notification that has arrived just now has to be answered, in milliseconds since 1970. */
export function answerDeadline(): number {
	return Date.now() + ANSWER_WITHIN_MS;
}

async function ask(
	context: IWebhookFunctions,
	notification: Notification,
	deadline: number,
	afterNothingMs: number[],
): Promise<Confirmation> {
	const turns = turnsOf(nodeKey(context));
	const afterFailure = [...AFTER_FAILURE_MS];
	const afterNothing = [...afterNothingMs];
	for (;;) {
		const outcome = await turns.take(deadline - 1000, async () => {
			const timeout = Math.min(REQUEST_TIMEOUT, (deadline - Date.now()) / 1000);
			return timeout > 0
				? await sendOnce(context, getInvoice(notification.invoiceId), timeout)
				: undefined;
		});
		if (outcome === undefined) return { kind: 'unavailable', retryAfter: turns.retryAfter() };
		const { confirmation, again } = judge(context, notification, outcome);
		if (confirmation.kind === 'unknown' || confirmation.kind === 'nothingHappened') turns.countMiss();
		if ('answer' in outcome && outcome.answer.status === 429) turns.pause(retryAfterOf(confirmation));
		const pause = again === 'no' ? undefined : (again === 'failure' ? afterFailure : afterNothing).shift();
		if (pause === undefined || Date.now() + pause >= deadline) return confirmation;
		await sleep(pause);
	}
}

/** @returns what an outcome means, and whether it is worth asking again */
function judge(
	context: IWebhookFunctions,
	{ invoiceId, status: said }: Notification,
	outcome: Outcome,
): { confirmation: Confirmation; again: 'no' | 'failure' | 'nothing' } {
	const kind = kindOf(outcome, 'invoice');
	const unavailable = { kind: 'unavailable', retryAfter: COME_AGAIN } as const;
	if ('failure' in outcome) {
		context.logger.warn(
			`The node "${context.getNode().name}" could not ask SafePays about a notification (${outcome.code}).`,
		);
		return { confirmation: unavailable, again: 'failure' };
	}
	const { answer } = outcome;
	if (kind === 'success') {
		const invoice = (answer.body as IDataObject).invoice as IDataObject;
		const status = String(invoice.status ?? '');
		// An answer about another invoice, or without a status, proves nothing.
		if (String(invoice.id).toLowerCase() !== invoiceId || status === '') {
			return { confirmation: unavailable, again: 'no' };
		}
		if (status === STATUS.created) return { confirmation: { kind: 'nothingHappened' }, again: 'nothing' };
		// A notification of a payment may be faster than the API, which still has the attempt before it.
		const behind = said === STATUS.paid && status !== STATUS.paid;
		return { confirmation: { kind: 'confirmed', status, invoice }, again: behind ? 'nothing' : 'no' };
	}
	if (answer.status === 404 && wordsOf(answer) !== undefined) {
		return { confirmation: { kind: 'unknown' }, again: 'no' };
	}
	if (kind === 'rateLimited') {
		const pauseMs = pauseNamedBy(answer) ?? COME_AGAIN * 1000;
		return { confirmation: { kind: 'unavailable', retryAfter: Math.ceil(pauseMs / 1000) }, again: 'no' };
	}
	// 400 is the answer to an empty key: there is nothing else in the request that could be wrong.
	if ([400, 401, 403].includes(answer.status)) {
		context.logger.error(
			`SafePays refused the API key of the node "${context.getNode().name}" (status ${answer.status}), so a payment notification could not be checked. Check the API key in the SafePays credential, and the account.`,
		);
	}
	return { confirmation: unavailable, again: RULES[kind].GET === 'retry' ? 'failure' : 'no' };
}

function retryAfterOf(confirmation: Confirmation): number {
	return confirmation.kind === 'unavailable' ? confirmation.retryAfter : COME_AGAIN;
}
