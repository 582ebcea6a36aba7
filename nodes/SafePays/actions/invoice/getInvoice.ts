import type { SafePaysRequest } from '../../transport/request';

/** Asks for an invoice (invoices.txt, "Check Invoice Status"). `invoiceId` has to be a UUID: it goes into the path. */
export function getInvoice(invoiceId: string): SafePaysRequest {
	return {
		method: 'GET',
		path: `/api/v2/invoice/${invoiceId}`,
		record: 'invoice',
		summary: `the invoice ${invoiceId}`,
	};
}
