import type { INodeProperties } from 'n8n-workflow';

import { customer } from './customer';
import { optionsField, showFor, toolDescriptionFields } from './fields';
import { invoice } from './invoice';
import type { Operation } from './operation';

/** Every operation by resource and value: what is not in here does not exist. */
export const operations: Record<string, Record<string, Operation>> = { customer, invoice };

const resourceField: INodeProperties = {
	displayName: 'Resource',
	name: 'resource',
	type: 'options',
	noDataExpression: true,
	default: 'invoice',
	options: [
		{ name: 'Customer', value: 'customer' },
		{ name: 'Invoice', value: 'invoice' },
	],
};

const operationFields = Object.entries(operations).map(
	([resource, ofResource]): INodeProperties => ({
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		default: 'create',
		displayOptions: { show: { resource: [resource] } },
		options: Object.entries(ofResource).map(([value, { choice }]) => ({ ...choice, value })),
	}),
);

export const properties: INodeProperties[] = [
	resourceField,
	...operationFields,
	...Object.entries(operations).flatMap(([resource, ofResource]) =>
		Object.entries(ofResource).flatMap(([name, { fields, toolDescription }]) =>
			showFor(resource, name, [...toolDescriptionFields(toolDescription), ...fields]),
		),
	),
	optionsField,
];
