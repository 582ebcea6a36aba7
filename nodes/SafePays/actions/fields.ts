import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { UUID_PATTERN } from '../transport/uuid';
import { readObject } from '../unknownValues';
import type { ParameterValues } from './parameters';
import { readChoice, readCurrency, readEmail, readId, readText } from './validation';

/** A field of the editor, and the function that reads it. */
export interface Field<T> {
	property: INodeProperties;
	/** @throws InvalidInput naming the field */
	read(parameters: ParameterValues): T;
}

export type FieldTexts = Pick<INodeProperties, 'displayName' | 'name' | 'description'>;

/** The fields within a collection, as the field of an operation reads them. */
export function readCollection(parameters: ParameterValues, name: string): ParameterValues {
	const values = readObject(parameters.get(name));
	return { get: (field) => values[field] };
}

/** A text that may be left empty. */
export function createTextField(texts: FieldTexts & { placeholder: string }): Field<string> {
	return {
		property: { ...texts, type: 'string', default: '' },
		read: (parameters) => readText(parameters.get(texts.name), texts.displayName),
	};
}

/** The email address of a person, which has to be given. */
export function createEmailField(description: string): Field<string> {
	const texts = { displayName: 'Email', name: 'email', description };
	return {
		property: {
			...texts,
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. nathan@example.com',
		},
		read: (parameters) => readEmail(parameters.get(texts.name), texts.displayName),
	};
}

/** A list to choose from; an expression may give nothing else. */
export function createChoiceField<T extends string>(
	field: Omit<INodeProperties, 'type' | 'options' | 'default'> & {
		default: T;
		options: Array<INodePropertyOptions & { value: T }>;
	},
): Field<T> {
	const allowed = field.options.map(({ value }) => value);
	return {
		property: { ...field, type: 'options' },
		read: (parameters) => readChoice(parameters.get(field.name), field.displayName, allowed),
	};
}

/** The currencies that SafePays documents; an expression may give any other code. */
export function createCurrencyField(texts: FieldTexts): Field<string> {
	return {
		property: {
			...texts,
			type: 'options',
			default: 'USD',
			options: [
				{ name: 'British Pound (GBP)', value: 'GBP' },
				{ name: 'Canadian Dollar (CAD)', value: 'CAD' },
				{ name: 'Euro (EUR)', value: 'EUR' },
				{ name: 'Indian Rupee (INR)', value: 'INR' },
				{ name: 'US Dollar (USD)', value: 'USD' },
			],
			// The editor would mark a code that is not in the list.
			allowArbitraryValues: true,
			description: `${texts.description}. For another one, use an expression that gives its three-letter code.`,
		},
		read: (parameters) => readCurrency(parameters.get(texts.name), texts.displayName),
	};
}

/** The `payment_link` of a created invoice, which people take for the invoice's address. */
const CHECKOUT_LINK = {
	regex: '(?![^]*/agency-checkout/)[^]*',
	errorMessage:
		'A payment link has no invoice ID in it. Choose By ID, and use the "id" of the created invoice.',
};

/**
 * A record that is named by its UUID, as SafePays has no endpoint that lists.
 *
 * @param page the path in front of the id in SafePays' own addresses, e.g. `pay`
 */
function createRecordField(texts: FieldTexts, page: string): Field<string> {
	return {
		property: {
			...texts,
			type: 'resourceLocator',
			required: true,
			default: { mode: 'id', value: '' },
			modes: [
				{
					displayName: 'By ID',
					name: 'id',
					type: 'string',
					placeholder: 'e.g. 550e8400-e29b-41d4-a716-446655440000',
					validation: [
						{
							type: 'regex',
							properties: {
								regex: `\\s*${UUID_PATTERN}\\s*`,
								errorMessage: 'Not a SafePays ID',
							},
						},
					],
				},
				{
					displayName: 'By URL',
					name: 'url',
					type: 'string',
					placeholder: `e.g. https://app.safepays.com/${page}/550e8400-e29b-41d4-a716-446655440000`,
					extractValue: { type: 'regex', regex: `/${page}/(${UUID_PATTERN})` },
					validation: [
						{ type: 'regex', properties: CHECKOUT_LINK },
						{
							type: 'regex',
							properties: {
								regex: `(?:[^]*/agency-checkout/[^]*|\\s*\\S+/${page}/${UUID_PATTERN}\\S*\\s*)`,
								errorMessage: `Not an address with /${page}/ and an ID`,
							},
						},
					],
				},
			],
		},
		read: (parameters) => readId(parameters.get(texts.name), texts.displayName, page),
	};
}

/** An invoice, by its ID or the address of its page. */
export function createInvoiceField(description: string): Field<string> {
	return createRecordField({ displayName: 'Invoice', name: 'invoiceId', description }, 'pay');
}

/** A customer, by the ID or the address of the page in the dashboard. */
export function createCustomerField(description: string): Field<string> {
	const texts = { displayName: 'Customer', name: 'customerId', description };
	return createRecordField(texts, 'dashboard/customer');
}
