import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { getInvoice } from '../actions/invoice/getInvoice';
import { wordsOf } from '../transport/errors';
import { pauseNamedBy } from '../transport/rateLimit';
import type { Outcome } from '../transport/request';
import { sendOnce } from '../transport/request';
import { kindOf, RULES } from '../transport/retryRules';
import { inTurn } from './apiTurns';
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
const ANSWER_WITHIN_MS = 9000;
/** Seconds for one request. */
const REQUEST_TIMEOUT = 4;
/** Pauses before asking again, in milliseconds. */
const AFTER_FAILURE_MS = [300, 800];
const AFTER_NOTHING_HAPPENED_MS = [500, 1000, 2000];
/** Seconds after which a sender should come again, where SafePays names no time. */
const COME_AGAIN = 30;

/** Notifications of the same invoice that arrive together share one question. */
const asking = new Map<string, Promise<Confirmation>>();

/**
 * Asks the API for the invoice that a notification names. Its answer alone decides: SafePays signs
 * nothing that could be checked, so a notification proves nothing.
 *
 * Never throws. Takes 9 seconds at most.
 */
export async function confirm(context: IWebhookFunctions, invoiceId: string): Promise<Confirmation> {
	const name = `${context.getWorkflow().id}:${context.getNode().id}:${invoiceId}`;
	const running =
		asking.get(name) ??
		ask(context, invoiceId, AFTER_NOTHING_HAPPENED_MS).finally(() => asking.delete(name));
	asking.set(name, running);
	return await running;
}

/** The same for an invoice that no notification names: its state of this moment, whatever it is. */
export async function stateOf(context: IWebhookFunctions, invoiceId: string): Promise<Confirmation> {
	return await ask(context, invoiceId, []);
}

async function ask(
	context: IWebhookFunctions,
	invoiceId: string,
	afterNothingMs: number[],
): Promise<Confirmation> {
	const deadline = Date.now() + ANSWER_WITHIN_MS;
	const afterFailure = [...AFTER_FAILURE_MS];
	const afterNothing = [...afterNothingMs];
	for (;;) {
		const timeout = Math.min(REQUEST_TIMEOUT, (deadline - Date.now()) / 1000);
		const outcome =
			timeout <= 0
				? undefined
				: await inTurn(deadline - 1000, async () => await sendOnce(context, getInvoice(invoiceId), timeout));
		if (outcome === undefined) return { kind: 'unavailable', retryAfter: COME_AGAIN };
		const { confirmation, again } = judge(context, invoiceId, outcome);
		const pause = again === 'no' ? undefined : (again === 'failure' ? afterFailure : afterNothing).shift();
		if (pause === undefined || Date.now() + pause >= deadline) return confirmation;
		await sleep(pause);
	}
}

/** @returns what an outcome means, and whether it is worth asking again */
function judge(
	context: IWebhookFunctions,
	invoiceId: string,
	outcome: Outcome,
): { confirmation: Confirmation; again: 'no' | 'failure' | 'nothing' } {
	const kind = kindOf(outcome, 'invoice');
	const unavailable = { kind: 'unavailable', retryAfter: COME_AGAIN } as const;
	if ('failure' in outcome) {
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
		return { confirmation: { kind: 'confirmed', status, invoice }, again: 'no' };
	}
	if (answer.status === 404 && wordsOf(answer) !== undefined) {
		return { confirmation: { kind: 'unknown' }, again: 'no' };
	}
	if (kind === 'rateLimited') {
		const pauseMs = pauseNamedBy(answer) ?? COME_AGAIN * 1000;
		return { confirmation: { kind: 'unavailable', retryAfter: Math.ceil(pauseMs / 1000) }, again: 'no' };
	}
	if (answer.status === 401 || answer.status === 403) {
		context.logger.error(
			`SafePays refused the API key of the node "${context.getNode().name}" (status ${answer.status}), so a payment notification could not be checked. Update the API key in the SafePays credential.`,
		);
	}
	return { confirmation: unavailable, again: RULES[kind].GET === 'retry' ? 'failure' : 'no' };
}
