import type { IDataObject } from 'n8n-workflow';

/** SafePays' words for an invoice's state (invoices.txt, "Invoice Status Values"). */
export const INVOICE_STATUS = {
	created: 'Invoice Created',
	paid: 'Paid',
	unpaid: 'Unpaid',
	failed: 'Failed',
} as const;

export type InvoiceStatus = (typeof INVOICE_STATUS)[keyof typeof INVOICE_STATUS];

/** An invoice as POST and GET return it (invoices.txt); amounts in major units (dollars, not cents). */
export interface Invoice extends IDataObject {
	/** A UUID. */
	id: string;
	/** One of `INVOICE_STATUS`; read it with `parseInvoiceStatus`. */
	status?: string;
	/** What the customer pays, with fees. */
	amount?: number;
	/** What was asked for, before fees. */
	base_amount?: number;
	currency?: string;
	email?: string;
	customer_id?: string;
	payment_link?: string;
	/** `title` in the answer to a POST, `name` in that to a GET. */
	items?: IDataObject[];
}

/** A customer as POST and GET return it (customers.txt). */
export interface Customer extends IDataObject {
	/** A UUID. */
	id: string;
	name?: string;
	email?: string;
}

/** SafePays' records, by the key under which an answer holds them. */
export interface Records {
	customer: Customer;
	invoice: Invoice;
}

export type RecordName = keyof Records;

/** The status that a text means, whatever its case and blanks; undefined if it is none of the four. */
export function parseInvoiceStatus(value: unknown): InvoiceStatus | undefined {
	if (typeof value !== 'string') return undefined;
	const given = simplify(value);
	return Object.values(INVOICE_STATUS).find((status) => simplify(status) === given);
}

function simplify(status: string): string {
	return status.replace(/\s+/g, '').toLowerCase();
}
