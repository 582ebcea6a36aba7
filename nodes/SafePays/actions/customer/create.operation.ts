import type { IDataObject } from 'n8n-workflow';

import { CURRENCY_HINT } from '../fields';
import { currency, email, requiredText, text } from '../input';
import type { Operation } from '../operation';

/** Parameter → SafePays' name (customers.txt, "Create Customer"). */
const ADDITIONAL = {
	group: 'group',
	preferredCurrency: 'preferred_currency',
	addressLine1: 'address_line1',
	addressLine2: 'address_line2',
	city: 'city',
	state: 'state',
	zip: 'zip',
	country: 'country',
} as const;

export const create: Operation = {
	toolDescription:
		'Creates a customer in SafePays from a full name and an email address, and returns the customer with its id. If there is a customer with this email address already, it says so and creates none. An invoice needs only an email address, no customer.',

	fields: [
		{
			displayName: 'Name',
			name: 'name',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. John Doe',
			description: "The customer's full name",
		},
		{
			displayName: 'Email',
			name: 'email',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. john@example.com',
			description: "The customer's email address. Each address can be used once in an account.",
		},
		{
			displayName: 'If Customer Exists',
			name: 'ifExists',
			type: 'options',
			default: 'fail',
			options: [
				{
					name: 'Continue',
					value: 'continue',
					description: 'Give out an item that says that the customer already exists',
				},
				{ name: 'Fail', value: 'fail', description: 'Fail with an error' },
			],
			description: 'What to do if the account already has a customer with this email address',
		},
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add field',
			default: {},
			options: [
				{
					displayName: 'Address Line 1',
					name: 'addressLine1',
					type: 'string',
					default: '',
					placeholder: 'e.g. 123 Main Street',
				},
				{
					displayName: 'Address Line 2',
					name: 'addressLine2',
					type: 'string',
					default: '',
					placeholder: 'e.g. Apt 4B',
				},
				{
					displayName: 'City',
					name: 'city',
					type: 'string',
					default: '',
					placeholder: 'e.g. New York',
				},
				{
					displayName: 'Country',
					name: 'country',
					type: 'string',
					default: '',
					placeholder: 'e.g. USA',
				},
				{
					displayName: 'Group',
					name: 'group',
					type: 'string',
					default: '',
					placeholder: 'e.g. Premium Customers',
					description: 'A group or segment to sort the customer into',
				},
				{
					displayName: 'Preferred Currency',
					name: 'preferredCurrency',
					type: 'string',
					default: 'USD',
					placeholder: 'e.g. USD',
					description: `Three-letter code of the currency. ${CURRENCY_HINT}.`,
				},
				{
					displayName: 'State',
					name: 'state',
					type: 'string',
					default: '',
					placeholder: 'e.g. NY',
					description: 'State or province',
				},
				{
					displayName: 'ZIP',
					name: 'zip',
					type: 'string',
					default: '',
					placeholder: 'e.g. 10001',
					description: 'ZIP or postal code',
				},
			],
		},
	],

	request(parameters) {
		const body: IDataObject = {
			name: requiredText(parameters.get('name'), 'Name', 'John Doe'),
			email: email(parameters.get('email'), 'Email'),
		};
		const additional = (parameters.get('additionalFields') ?? {}) as IDataObject;
		for (const [parameter, name] of Object.entries(ADDITIONAL)) {
			const value =
				parameter === 'preferredCurrency' ? currency(additional[parameter]) : text(additional[parameter]);
			if (value !== '') body[name] = value;
		}
		return {
			method: 'POST',
			path: '/api/v2/customer',
			body,
			record: 'customer',
			summary: `a customer ${body.name as string} with the email address ${body.email as string}`,
		};
	},

	items: (answer) => [answer.customer as IDataObject],

	insteadOf(httpCode, parameters) {
		if (httpCode !== '409' || parameters.get('ifExists') !== 'continue') return undefined;
		return [
			{
				alreadyExists: true,
				name: text(parameters.get('name')),
				email: text(parameters.get('email')),
			},
		];
	},
};
