import type { GenericValue, IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { createProcessMap, getNodeKey } from '../processMemory';
import { SafePaysError } from '../transport/errors';
import { INVOICE_STATUS } from '../transport/records';
import type { pickQuery } from './signedQuery';
import type { Notification } from './parse';
import { getThrottle } from './throttle';
import type { Verdict } from './verify';
import type { NodeContext } from '../transport/sendOnce';
import { isBehind, RATE_LIMITED, verify } from './verify';

/** What a pending item holds: all that is needed to ask on, and nothing that looks like a payment. */
export interface Pending extends IDataObject {
	/** A UUID, as in `Notification`, and others that the notification has. */
	id: string;
	otherIds?: string[];
	/** What the notification says has happened. */
	status?: Notification['status'];
	/** Milliseconds since 1970. */
	receivedAt: number;
	/** Distinguishes this event's execution and its retries from those of a copy. */
	receipt: string;
	query?: ReturnType<typeof pickQuery>;
	/** The body as received, where the user wants it. */
	notification?: GenericValue;
}

/** Events that may be pending in one n8n process; past that the answer is 503. */
const MAX_PENDING = 1_000;
/** Milliseconds from a pending event's arrival for which SafePays is asked. */
const ASK_FOR_MS = 60_000;
/** Milliseconds for which an execution asks at least, however long it waited for its start. */
const ASK_AT_LEAST_MS = 10_000;
/** The same from the arrival where a rate limit names a time. */
const ASK_FOR_AT_MOST_MS = 300_000;
const QUESTION_MS = 8_000;
/** Milliseconds between questions, the last one over and over. */
const PAUSES_MS = [1000, 2000, 4000, 8000];
/** Milliseconds after which an event that another n8n process settles is no longer taken for pending. */
const FORGET_OPEN_MS = ASK_FOR_MS + 15_000;
/** Milliseconds in which the same notification gets no second execution that would end the same way. */
const REPEAT_AFTER_MS = 600_000;

/** Why an execution with a pending event had to give up. */
type Ending = 'created' | 'refused' | 'behind';

/** Pending events, and until when each is taken for pending. */
const open = createProcessMap<number>(MAX_PENDING, 'triggers: events that are pending');
/** Invoices with an event that was pending and never confirmed: for each the last one, why, and until when it matters. */
const ended = createProcessMap<{ why: Ending; status: Notification['status']; until: number }>(
	MAX_PENDING * 5,
	'triggers: invoices with an event that was pending and never confirmed, for ten minutes',
);

/** The pending events of one trigger, as this n8n process knows them. */
export class PendingEvents {
	private readonly node: string;

	constructor(context: NodeContext) {
		this.node = getNodeKey(context);
	}

	isOpen(event: Notification): boolean {
		return (open.get(this.getName(event)) ?? 0) > Date.now();
	}

	/** @returns false if too much is pending already */
	open(event: Notification): boolean {
		const now = Date.now();
		if (open.size >= MAX_PENDING)
			for (const [name, until] of open) if (until <= now) open.delete(name);
		if (open.size >= MAX_PENDING) return false;
		open.set(this.getName(event), now + FORGET_OPEN_MS);
		return true;
	}

	close(event: Notification): void {
		open.delete(this.getName(event));
	}

	/** Takes an event back that n8n could not start an execution for. */
	release(event: Notification): void {
		this.close(event);
		ended.delete(this.getInvoice(event.ids[0]));
	}

	/**
	 * Whether another execution would only end as one did lately. Of an invoice to which nothing has
	 * happened it takes no more than one, and one more for a notification that it is paid.
	 */
	hasEnded(event: Notification, verdict: Verdict | undefined): boolean {
		const { ids, status } = event;
		const last = ended.get(this.getInvoice(ids[0]));
		if (!last || last.why !== getEnding(event, verdict) || last.until < Date.now()) return false;
		return last.status === status || (last.why === 'created' && status !== INVOICE_STATUS.paid);
	}

	/** Notes how an event's execution ends, or will end unless the API changes its mind. */
	noteEnding(event: Notification, verdict: Verdict | undefined): void {
		const why = getEnding(event, verdict);
		if (!why) return;
		const { ids, status } = event;
		ended.set(this.getInvoice(ids[0]), { why, status, until: Date.now() + REPEAT_AFTER_MS });
	}

	private getInvoice(invoiceId: string): string {
		return `${this.node}:${invoiceId}`;
	}

	private getName({ ids, status }: Notification): string {
		return `${this.getInvoice(ids[0])}:${status ?? ''}`;
	}
}

/** Why an event's execution ends if the API stays at this verdict; undefined where it does not, or where the API could not be asked. */
function getEnding(event: Notification, verdict: Verdict | undefined): Ending | undefined {
	if (verdict?.kind === 'created' || verdict?.kind === 'refused') return verdict.kind;
	return verdict?.kind === 'confirmed' && isBehind(verdict, event) ? 'behind' : undefined;
}

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
export async function settle(
	context: IExecuteFunctions,
	pending: Pending,
): Promise<Extract<Verdict, { kind: 'confirmed' | 'unknown' }>> {
	const events = new PendingEvents(context);
	const { outage } = getThrottle(context);
	const notification = getNotification(pending);
	const me = {};
	try {
		const verdict = await askUntilSettled(context, pending, me);
		events.noteEnding(notification, verdict);
		if (verdict?.kind === 'confirmed' || verdict?.kind === 'unknown') return verdict;
		throw createError(pending, verdict, outage.seconds);
	} finally {
		events.close(notification);
		outage.leave(me);
	}
}

/** @returns the last verdict; undefined where the outage lasts and others are asking already */
async function askUntilSettled(
	context: IExecuteFunctions,
	pending: Pending,
	me: object,
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
		if (!(await outage.wait(me, wait, isCancelled))) return undefined;
		verdict = await throttle.ask(async () =>
			outage.mayStay(me) ? await verify(context, notification.ids, QUESTION_MS) : undefined,
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
function getPause(nth: number, random = Math.random()): number {
	return PAUSES_MS[Math.min(nth - 1, PAUSES_MS.length - 1)] * (0.75 + random / 2);
}

function createError(
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
				nextStep: `A few other executions go on asking, so that n8n stays free for other workflows. When SafePays answers again, ${retry}`,
			});
	}
}
