import { CUSTOMER } from '../records';
import type { GetItems } from '../run';
import { run } from '../run';

export const getItems: GetItems = async (stage) => {
	const { name, email, preferred_currency, address_line1, address_line2, ...same } = CUSTOMER;
	const parameters = {
		resource: 'customer',
		operation: 'create',
		name,
		email,
		additionalFields: {
			...same,
			preferredCurrency: preferred_currency,
			addressLine1: address_line1,
			addressLine2: address_line2,
		},
		ifExists: 'continue',
	};
	return [...(await run(stage, parameters)), ...(await run(stage, parameters))];
};
