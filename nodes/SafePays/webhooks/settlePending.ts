import type { IExecuteFunctions } from 'n8n-workflow';

import { SafePaysError } from '../transport/errors';
import { INVOICE_STATUS } from '../transport/records';
import type { Notification } from './parse';
import { ASK_FOR_MS, PendingEvents } from './pendingEvents';
import { getThrottle } from './throttle';
import type { Pending } from './triggerItems';
import type { Verdict } from './verify';
import { isBehind, RATE_LIMITED, verify } from './verify';

/** Milliseconds for which an execution asks at least, however long it waited for its start. */
const ASK_AT_LEAST_MS = 10_000;
/** The same from the arrival where a rate limit names a time. */
const ASK_FOR_AT_MOST_MS = 300_000;
const QUESTION_MS = 8_000;
/** Milliseconds between questions, the last one over and over. */
const PAUSES_MS = [1000, 2000, 4000, 8000];

/** What the notification of a pending event said. */
function getNotification({ id, otherIds = [], status }: Pending): Notification {
	return { ids: [id, ...otherIds], status };
}

/**
 * Asks the API about a pending event, with growing pauses, until it settles it or the time is up.
 *
 * @returns what the API says: `confirmed` or `unknown`
 * @throws SafePaysError that names the invoice and what to do
 */
export async function settlePending(
	context: IExecuteFunctions,
	pending: Pending,
): Promise<Extract<Verdict, { kind: 'confirmed' | 'unknown' }>> {
	const events = new PendingEvents(context);
	const { outage } = getThrottle(context);
	const notification = getNotification(pending);
	try {
		const verdict = await askUntilSettled(context, pending);
		events.noteEnding(notification, verdict);
		if (verdict?.kind === 'confirmed' || verdict?.kind === 'unknown') return verdict;
		throw createUnsettledError(pending, verdict, outage.seconds);
	} finally {
		events.close(notification);
		outage.leave(pending);
	}
}

/** @returns the last verdict; undefined where the outage lasts and others are asking already */
async function askUntilSettled(
	context: IExecuteFunctions,
	pending: Pending,
): Promise<Verdict | undefined> {
	const throttle = getThrottle(context);
	const { outage } = throttle;
	const notification = getNotification(pending);
	const cancelSignal = context.getExecutionCancelSignal();
	const isCancelled = () => cancelSignal?.aborted === true;
	const begun = Date.now();
	const since = context.getMode() === 'retry' ? begun : pending.receivedAt;
	let deadline = Math.max(since + ASK_FOR_MS, begun + ASK_AT_LEAST_MS);
	let verdict: Verdict | undefined;
	for (let nth = 0; ; nth++) {
		const rateLimitMs = outage.getPauseMs();
		if (rateLimitMs > 0)
			deadline = Math.max(
				deadline,
				Math.min(Date.now() + rateLimitMs + 1000, since + ASK_FOR_AT_MOST_MS),
			);
		const pause = verdict === undefined ? 0 : getPause(nth);
		const wait = Math.max(rateLimitMs, pause);
		if (wait > 0 && Date.now() + wait > deadline) return verdict ?? createRateLimitVerdict(pending);
		if (!(await outage.wait(pending, wait, isCancelled))) return undefined;
		verdict = await throttle.ask(async () =>
			outage.mayKeepAsking(pending)
				? await verify(context, notification.ids, QUESTION_MS)
				: undefined,
		);
		if (verdict === undefined || isCancelled()) return verdict;
		if (verdict.kind === 'refused' || verdict.kind === 'unknown') return verdict;
		if (verdict.kind === 'confirmed' && !isBehind(verdict, notification)) return verdict;
	}
}

/** The verdict on an event that was never asked about, since the rate limit outlasts its time. */
function createRateLimitVerdict({ id }: Pending): Verdict {
	return { kind: 'unavailable', invoiceId: id, reason: RATE_LIMITED, timedOut: false };
}

/** Milliseconds, jittered by a quarter. */
function getPause(nth: number): number {
	return PAUSES_MS[Math.min(nth - 1, PAUSES_MS.length - 1)] * (0.75 + Math.random() / 2);
}

function createUnsettledError(
	{ id, status }: Pending,
	verdict: Verdict | undefined,
	seconds: number,
): SafePaysError {
	const invoiceId = verdict !== undefined && 'invoiceId' in verdict ? verdict.invoiceId : id;
	const invoice = `invoice ${invoiceId}${status ? ` (the notification says "${status}")` : ''}`;
	const retry =
		'retry this execution in the executions list: it asks again, and passes the event on once.';
	switch (verdict?.kind) {
		case 'created':
			return new SafePaysError({
				message: `SafePays still says "${INVOICE_STATUS.created}" of ${invoice}`,
				nextStep: `Look at the invoice in SafePays. If it is paid there, ${retry} If it is not, the notification was not true.`,
			});
		case 'refused':
			return new SafePaysError({
				message: `SafePays refused the API key when asked about ${invoice}: ${verdict.reason}`,
				nextStep: `Check the API key in the SafePays credential, then ${retry}`,
			});
		case 'unavailable':
			return new SafePaysError({
				message: `SafePays could not be asked about ${invoice}: ${verdict.reason}`,
				nextStep: `When SafePays answers again, ${retry}`,
			});
		default:
			return new SafePaysError({
				message: `SafePays could not be asked about ${invoice}: no question got through for ${seconds} seconds`,
				nextStep: `A few other executions keep asking, so that n8n stays free for other workflows. When SafePays answers again, ${retry}`,
			});
	}
}
