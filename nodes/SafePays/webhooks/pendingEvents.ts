import { createProcessMap, getNodeKey } from '../processMemory';
import { INVOICE_STATUS } from '../transport/records';
import type { NodeContext } from '../transport/sendOnce';
import type { Notification } from './parse';
import type { Verdict } from './verify';
import { isBehind } from './verify';

/** Events that may be pending in one n8n process; past that the answer is 503. */
const MAX_PENDING = 1_000;
/** Milliseconds from a pending event's arrival for which SafePays is asked. */
export const ASK_FOR_MS = 60_000;
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
	 * Whether another execution would only end as one did lately. For an invoice to which nothing has
	 * happened one is enough, and one more for a notification that it is paid.
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
