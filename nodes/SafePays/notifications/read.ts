import type { IDataObject } from 'n8n-workflow';

import { isUuid } from '../actions/input';

/** SafePays' words for an invoice's state (invoices.txt, "Invoice Status Values"). */
export const STATUS = {
	created: 'Invoice Created',
	paid: 'Paid',
	unpaid: 'Unpaid',
	failed: 'Failed',
} as const;

/** What a notification says. A hint, never the truth: anybody can post one. */
export interface Notification {
	/** A UUID. */
	invoiceId: string;
	/** As the notification has it, '' if it has none. */
	status: string;
}

/**
 * Reads a notification as SafePays posts it, in the format of today (`{invoice}`), of earlier
 * (`{event, timestamp, invoice}`), or bare with the id that the redirect calls `transaction_id`.
 *
 * @returns undefined if no documented place holds an id that is a UUID
 */
export function readNotification(body: unknown): Notification | undefined {
	const outer = objectOr(body);
	const invoice = objectOr(outer.invoice);
	const places = [invoice.id, outer.id, outer.invoice_id, outer.transaction_id];
	const invoiceId = places.find(isUuid)?.toLowerCase();
	if (invoiceId === undefined) return undefined;
	const status = [invoice.status, outer.status].find((value) => typeof value === 'string');
	return { invoiceId, status: (status as string | undefined) ?? '' };
}

function objectOr(value: unknown): IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as IDataObject)
		: {};
}
