import type { IDataObject, INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { UUID_PATTERN } from '../transport/uuid';
import { readObject } from '../unknownValues';
import type { ItemParameters } from './operation';
import { readCurrency, readEmail, readId, readChoice, readText } from './validation';

/** A field of the editor, and the function that reads it. */
export interface Field<T> {
	property: INodeProperties;
	/** @throws InvalidInput naming the field */
	read(parameters: Parameters): T;
}

export type Parameters = Pick<ItemParameters, 'get'>;

export type FieldTexts = Pick<INodeProperties, 'displayName' | 'name' | 'description'>;

/** Shows fields for one operation of one resource. */
export function showFor(
	resource: string,
	operation: string,
	fields: INodeProperties[],
): INodeProperties[] {
	return fields.map((field) => ({
		...field,
		displayOptions: {
			...field.displayOptions,
			show: { resource: [resource], operation: [operation], ...field.displayOptions?.show },
		},
	}));
}

/** The fields within a collection, as the field of an operation reads them. */
export function readCollection(parameters: Parameters, name: string): Parameters {
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

export const createInvoiceField = (description: string) =>
	createRecordField({ displayName: 'Invoice', name: 'invoiceId', description }, 'pay');

export const createCustomerField = (description: string) =>
	createRecordField(
		{ displayName: 'Customer', name: 'customerId', description },
		'dashboard/customer',
	);

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

/**
 * What a model reads of the operation. n8n takes a field of this name as it is; without one it would
 * show the model the operation's `action` ("Create an invoice in SafePays") and no more.
 *
 * @param text none for an operation that cannot be a tool
 */
export function createToolDescription(text?: string): INodeProperties[] {
	if (text === undefined) return [];
	return [
		{
			displayName: 'Tool Description',
			name: 'toolDescription',
			type: 'string',
			typeOptions: { rows: 5 },
			required: true,
			default: text,
			displayOptions: { show: { '@tool': [true] } },
			description:
				'What the model reads about this tool. It decides from this text when and how to use the tool.',
		},
	];
}
