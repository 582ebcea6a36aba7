import type { IDataObject } from 'n8n-workflow';

import { recordLocator } from '../fields';
import { id } from '../input';
import type { Operation } from '../operation';

export const get: Operation = {
	toolDescription:
		"Gets a customer from SafePays by the customer's ID (a UUID), with the paid invoices and the totals that were paid, by currency, in whole units. Does not find customers by name or email address.",

	fields: [
		recordLocator(
			{
				displayName: 'Customer',
				name: 'customerId',
				description: 'The customer to get',
			},
			'dashboard/customer',
		),
		{
			displayName: 'Output',
			name: 'output',
			type: 'options',
			default: 'customer',
			options: [
				{
					name: 'Customer',
					value: 'customer',
					description: 'One item with the customer, the totals and the list of paid invoices',
				},
				{
					name: 'Paid Invoices',
					value: 'paidInvoices',
					description: 'An item for each paid invoice, the newest payment first',
				},
			],
			description: 'What to give out',
		},
	],

	request(parameters) {
		const customerId = id(parameters.get('customerId'), 'Customer', 'dashboard/customer');
		return {
			method: 'GET',
			path: `/api/v2/customer/${customerId}`,
			record: 'customer',
			summary: `the customer ${customerId}`,
		};
	},

	items(answer, parameters) {
		const paidInvoices = (answer.paid_invoices ?? []) as IDataObject[];
		if (parameters.get('output') === 'paidInvoices') return paidInvoices;
		return [
			{
				...(answer.customer as IDataObject),
				customer_url: answer.customer_url,
				total_paid_count: answer.total_paid_count,
				total_paid_amount: answer.total_paid_amount,
				paid_invoices: paidInvoices,
			},
		];
	},
};
