import { createProcessMap, getNodeKey } from '../processMemory';
import type { InvoiceStatus } from '../transport/records';
import { INVOICE_STATUS } from '../transport/records';
import type { NodeContext } from '../transport/sendOnce';

/** Events that a process remembers for all of its triggers; past that the oldest are forgotten. */
const MAX_EVENTS = 20_000;

/** Which events, each an invoice and a status of one trigger, were passed on. */
const passedOn = createProcessMap<true>(
	MAX_EVENTS,
	'triggers: events that were passed on, as invoice ID and status',
);

/**
 * The first check for duplicates, which needs no execution: what this process has passed on.
 * What gets past it is stopped by the claims in n8n's database.
 */
export class RecentEvents {
	private readonly node: string;

	constructor(context: NodeContext) {
		this.node = getNodeKey(context);
	}

	/**
	 * Whether a notification says nothing new, so that the API need not be asked. After a payment
	 * that is one which names no other status.
	 */
	settles(invoiceId: string, status: InvoiceStatus = INVOICE_STATUS.paid): boolean {
		return this.has(invoiceId, status);
	}

	/** @returns whether the event is new: then this caller alone passes it on in this process */
	claim(invoiceId: string, status: InvoiceStatus): boolean {
		if (this.has(invoiceId, status)) return false;
		passedOn.set(this.getName(invoiceId, status), true);
		return true;
	}

	/** Takes an event back that could not be passed on after all. */
	release(invoiceId: string, status: InvoiceStatus): void {
		passedOn.delete(this.getName(invoiceId, status));
	}

	private has(invoiceId: string, status: InvoiceStatus): boolean {
		return passedOn.has(this.getName(invoiceId, status));
	}

	private getName(invoiceId: string, status: InvoiceStatus): string {
		return `${this.node}:${invoiceId}:${status}`;
	}
}
