import type { IDataObject } from 'n8n-workflow';

import { recordLocator } from '../fields';
import { id } from '../input';
import type { Operation } from '../operation';
import { getInvoice } from './getInvoice';

export const get: Operation = {
	toolDescription:
		'Gets an invoice from SafePays by its ID (a UUID), which was returned when it was created. The status is "Invoice Created" (not paid yet), "Paid", "Unpaid" (past its due date) or "Failed" (a payment failed); only "Paid" means that it is paid. amount is in whole units of the currency, fees included. Does not find invoices by name or email address.',

	fields: [
		recordLocator(
			{
				displayName: 'Invoice',
				name: 'invoiceId',
				description: 'The invoice to get',
			},
			'pay',
		),
	],

	request: (parameters) => getInvoice(id(parameters.get('invoiceId'), 'Invoice', 'pay')),

	items: (answer) => [answer.invoice as IDataObject],
};
