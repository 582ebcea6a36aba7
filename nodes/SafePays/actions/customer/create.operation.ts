import type { IDataObject } from 'n8n-workflow';

import type { Field } from '../fields';
import {
	createChoiceField,
	createCurrencyField,
	createEmailField,
	createTextField,
	readCollection,
} from '../fields';
import type { Operation } from '../operation';
import { readRequiredText } from '../validation';

/** SafePays' name (customers.txt, "Create Customer") → the field, in the order in which the editor lists them. */
const ADDITIONAL: Record<string, Field<string>> = {
	address_line1: createTextField({
		displayName: 'Address Line 1',
		name: 'addressLine1',
		placeholder: 'e.g. 123 Main Street',
	}),
	address_line2: createTextField({
		displayName: 'Address Line 2',
		name: 'addressLine2',
		placeholder: 'e.g. Apt 4B',
	}),
	city: createTextField({ displayName: 'City', name: 'city', placeholder: 'e.g. New York' }),
	country: createTextField({ displayName: 'Country', name: 'country', placeholder: 'e.g. USA' }),
	group: createTextField({
		displayName: 'Group',
		name: 'group',
		placeholder: 'e.g. Premium Customers',
		description: 'A group or segment to sort the customer into',
	}),
	preferred_currency: createCurrencyField({
		displayName: 'Preferred Currency',
		name: 'preferredCurrency',
		description: 'The currency that the customer pays in',
	}),
	state: createTextField({
		displayName: 'State',
		name: 'state',
		placeholder: 'e.g. NY',
		description: 'State or province',
	}),
	zip: createTextField({
		displayName: 'ZIP',
		name: 'zip',
		placeholder: 'e.g. 10001',
		description: 'ZIP or postal code',
	}),
};

const email = createEmailField(
	"The customer's email address. Each address can be used once in an account.",
);

const ifExists = createChoiceField({
	displayName: 'If Customer Exists',
	name: 'ifExists',
	default: 'fail',
	options: [
		{
			name: 'Continue',
			value: 'continue',
			description: 'Return an item with "alreadyExists": true, and continue',
		},
		{ name: 'Fail', value: 'fail', description: 'Stop with an error' },
	],
	description: 'What to do if the account already has a customer with this email address',
});

export const create: Operation<'customer'> = {
	option: {
		name: 'Create',
		action: 'Create customer',
		description: 'Create a customer with name and email address',
	},

	toolDescription:
		'Creates a customer in SafePays from a full name and an email address, and returns the customer with its id. If there is a customer with this email address already, it says so and creates none. An invoice needs only an email address, no customer.',

	fields: [
		{
			displayName: 'Name',
			name: 'name',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. Nathan Smith',
			description: "The customer's full name",
		},
		email.property,
		ifExists.property,
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: Object.values(ADDITIONAL).map(({ property }) => property),
		},
	],

	request(parameters) {
		ifExists.read(parameters);
		const name = readRequiredText(parameters.get('name'), 'Name', 'Nathan Smith');
		const body: IDataObject = { name, email: email.read(parameters) };
		const additional = readCollection(parameters, 'additionalFields');
		for (const [sentAs, field] of Object.entries(ADDITIONAL)) {
			const value = field.read(additional);
			if (value !== '') body[sentAs] = value;
		}
		return {
			method: 'POST',
			path: '/api/v2/customer',
			body,
			record: 'customer',
			summary: `a customer ${name} with the email address ${body.email}`,
		};
	},

	items: (answer) => [answer.customer],

	onRejected(httpCode, parameters) {
		if (httpCode !== '409' || ifExists.read(parameters) !== 'continue') return undefined;
		const { body } = create.request(parameters);
		return [{ alreadyExists: true, name: body?.name, email: body?.email }];
	},
};
