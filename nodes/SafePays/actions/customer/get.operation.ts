import type { IDataObject } from 'n8n-workflow';

import { SafePaysError } from '../../transport/errors';
import { createChoiceField, createCustomerField } from '../fields';
import { pick, SIMPLE_INVOICE, createSimplifyField } from '../simplify';
import type { Operation } from '../operation';
import { isObject } from '../../unknownValues';

const SIMPLE_CUSTOMER = [
	'id',
	'name',
	'email',
	'group',
	'preferred_currency',
	'country',
	'created_on',
	'customer_url',
	'total_paid_count',
	'total_paid_amount',
];

const customerId = createCustomerField('The customer to retrieve');

const output = createChoiceField({
	displayName: 'Return',
	name: 'output',
	default: 'customer',
	options: [
		{
			name: 'Customer',
			value: 'customer',
			description: 'One item with the customer, the totals, and the list of paid invoices',
		},
		{
			name: 'Paid Invoices',
			value: 'paidInvoices',
			description: 'An item for each paid invoice, the newest payment first',
		},
	],
	description: 'What to return for each customer',
});

const simplify = createSimplifyField(
	`${SIMPLE_CUSTOMER.join(', ')}; of paid invoices ${SIMPLE_INVOICE.join(', ')}`,
);

export const get: Operation<'customer'> = {
	option: {
		name: 'Get',
		action: 'Get customer',
		description: 'Retrieve a customer with the paid invoices and totals',
	},

	toolDescription:
		"Retrieves a customer from SafePays by the customer's ID (a UUID), with the paid invoices and the totals that were paid, by currency, in dollars, not cents. Does not find customers by name or email address.",

	fields: [customerId.property, output.property, simplify.property],

	request(parameters) {
		output.read(parameters);
		const id = customerId.read(parameters);
		return {
			method: 'GET',
			path: `/api/v2/customer/${id}`,
			record: 'customer',
			id,
			summary: `the customer ${id}`,
		};
	},

	items(answer, parameters) {
		const paidInvoices = readPaidInvoices(answer.paid_invoices);
		const simple = simplify.read(parameters);
		if (output.read(parameters) === 'paidInvoices') {
			return simple ? paidInvoices.map((invoice) => pick(invoice, SIMPLE_INVOICE)) : paidInvoices;
		}
		const customer: IDataObject = {
			...answer.customer,
			customer_url: answer.customer_url,
			total_paid_count: answer.total_paid_count,
			total_paid_amount: answer.total_paid_amount,
			paid_invoices: paidInvoices,
		};
		return [simple ? pick(customer, SIMPLE_CUSTOMER) : customer];
	},
};

/** A list that PHP has filtered may come as an object with its positions as keys. */
function readPaidInvoices(given: unknown): IDataObject[] {
	const list = given ?? [];
	const invoices: unknown[] = typeof list === 'object' ? Object.values(list) : [list];
	if (invoices.every(isObject)) return invoices;
	throw new SafePaysError({
		message: 'The answer of SafePays cannot be read: "paid_invoices" is not a list of invoices',
		nextStep:
			'Run it again later. If it says the same, read the customer with the HTTP Request node, and contact the SafePays support.',
	});
}
