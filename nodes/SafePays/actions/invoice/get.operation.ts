import { buildGetInvoice } from '../../transport/request';
import { createInvoiceField } from '../fields';
import { pick, SIMPLE_INVOICE, createSimplifyField } from '../simplify';
import type { Operation } from '../operation';

const invoiceId = createInvoiceField('The invoice to retrieve');
const simplify = createSimplifyField(SIMPLE_INVOICE.join(', '));

export const get: Operation<'invoice'> = {
	option: {
		name: 'Get',
		action: 'Get invoice',
		description: 'Retrieve an invoice with its payment status',
	},

	toolDescription:
		'Retrieves an invoice from SafePays by its ID (a UUID), which was returned when it was created. The status is "Invoice Created" (not paid yet), "Paid", "Unpaid" (past its due date) or "Failed" (a payment failed); only "Paid" means that it is paid. amount is in dollars, not cents, fees included. Does not find invoices by name or email address.',

	fields: [invoiceId.property, simplify.property],

	request: (parameters) => buildGetInvoice(invoiceId.read(parameters)),

	items: ({ invoice }, parameters) => [
		simplify.read(parameters) ? pick(invoice, SIMPLE_INVOICE) : invoice,
	],
};
