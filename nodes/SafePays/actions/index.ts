import type { INodeProperties } from 'n8n-workflow';

import * as customer from './customer';
import * as invoice from './invoice';
import type { Operation } from './operation';
import { requestOptions } from './requestOptions';

/** Every operation by resource and value: what is not in here does not exist. */
export const operations: Record<string, Record<string, Operation>> = {
	customer: { ...customer },
	invoice: { ...invoice },
};

const resourceField: INodeProperties = {
	displayName: 'Resource',
	name: 'resource',
	type: 'options',
	noDataExpression: true,
	default: 'invoice',
	options: Object.keys(operations).map((value) => ({ name: capitalize(value), value })),
};

const operationFields = Object.entries(operations).map(
	([resource, byName]): INodeProperties => ({
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		default: 'create',
		displayOptions: { show: { resource: [resource] } },
		options: Object.entries(byName).map(([value, { option }]) => ({ ...option, value })),
	}),
);

/** The fields of the node, as the editor shows them. */
export const properties: INodeProperties[] = [
	resourceField,
	...operationFields,
	...Object.entries(operations).flatMap(([resource, byName]) =>
		Object.entries(byName).flatMap(([name, { fields, toolDescription }]) =>
			showFor(resource, name, [...createToolDescription(toolDescription), ...fields]),
		),
	),
	requestOptions.property,
];

/** Shows fields for one operation of one resource. */
function showFor(
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

/**
 * What a model reads of the operation. n8n takes a field of this name as it is; without one it would
 * show the model the operation's `action` ("Create an invoice in SafePays") and no more.
 *
 * @param text none for an operation that cannot be a tool
 */
function createToolDescription(text?: string): INodeProperties[] {
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

function capitalize(word: string): string {
	return word[0].toUpperCase() + word.slice(1);
}
