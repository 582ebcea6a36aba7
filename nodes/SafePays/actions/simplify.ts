import type { IDataObject } from 'n8n-workflow';

import type { Field } from './fields';

/** What most workflows use of an invoice: at most ten fields, as n8n's guidelines ask for. */
export const SIMPLE_INVOICE = [
	'id',
	'status',
	'amount',
	'currency',
	'email',
	'customer_id',
	'payment_link',
	'due_date',
	'created_on',
	'paid_on',
];

/** @param kept says which fields are kept, e.g. `id, status` */
export function createSimplifyField(kept: string): Field<boolean> {
	return {
		property: {
			displayName: 'Simplify',
			name: 'simplify',
			type: 'boolean',
			default: false,
			description: `Whether to return a simplified version of the response instead of the raw data: ${kept}`,
		},
		read: (parameters) => parameters.get('simplify') === true,
	};
}

/** Some fields of a record, in this order; those that it does not have are left out. */
export function pick(record: IDataObject, names: string[]): IDataObject {
	return Object.fromEntries(
		names.filter((name) => record[name] !== undefined).map((name) => [name, record[name]]),
	);
}
