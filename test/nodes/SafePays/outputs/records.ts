import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { createCustomer } from '../../../sandbox/helpers';
import type { Stage } from '../webhooks/stage';
import { run } from './run';

/** A customer with nothing left out, as SafePays calls the fields. */
export const CUSTOMER = {
	name: 'Ada Lovelace',
	email: 'ada@example.com',
	group: 'Premium',
	preferred_currency: 'USD',
	address_line1: '1 Main Street',
	address_line2: 'Flat 2',
	city: 'London',
	state: 'Greater London',
	zip: 'N1 1AA',
	country: 'UK',
};

/** Parameters for an invoice with nothing left out. With two items, the second gets the invoice of the first. */
export async function invoiceParameters({ sandbox }: Stage): Promise<INodeParameters> {
	const { id } = await createCustomer(sandbox, CUSTOMER);
	return {
		resource: 'invoice',
		operation: 'create',
		billTo: 'customer',
		customerId: id,
		amount: 19.9,
		uniqueKey: 'order-1',
		additionalFields: { dueDate: '2030-01-31' },
	};
}

export async function createPaidInvoice(stage: Stage): Promise<IDataObject> {
	const [invoice] = await run(stage, await invoiceParameters(stage));
	await stage.sandbox.pay(invoice.id as string);
	return invoice;
}
