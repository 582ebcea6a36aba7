import type { IDataObject } from 'n8n-workflow';

import { recordLocator } from '../fields';
import { id } from '../input';
import type { Operation } from '../operation';
import { getInvoice } from './getInvoice';

export const get: Operation = {
	choice: {
		name: 'Get',
		action: 'Get an invoice',
		description: 'Get an invoice with its payment status',
	},

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
