import type { IDataObject } from 'n8n-workflow';

import type { RecordName, Records } from './records';

/** One call of the SafePays API: what an operation makes of an item's parameters. */
export interface SafePaysRequest<Name extends RecordName = RecordName> {
	method: 'GET' | 'POST';
	/** Below the credential's base URL, e.g. `/api/v2/invoice`. */
	path: string;
	body?: IDataObject;
	/** The key of the answer that holds the record asked for. */
	record: Name;
	/** Of the record asked for; none for one that is created. */
	id?: string;
	/** What a person would look for in SafePays, e.g. "an invoice of 200 USD to john@example.com". */
	summary: string;
}

/** SafePays' answer to a request for this record, e.g. `{status, message, invoice}`. */
export type RecordAnswer<Name extends RecordName = RecordName> = IDataObject & Pick<Records, Name>;

/** Asks for an invoice (invoices.txt, "Check Invoice Status"). @param invoiceId a UUID: it goes into the path */
export function buildGetInvoice(invoiceId: string): SafePaysRequest<'invoice'> {
	return {
		method: 'GET',
		path: `/api/v2/invoice/${invoiceId}`,
		record: 'invoice',
		id: invoiceId,
		summary: `the invoice ${invoiceId}`,
	};
}
