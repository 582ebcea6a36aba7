import type { INodeProperties } from 'n8n-workflow';

import * as customer from './customer';
import { createToolDescription, showFor } from './fields';
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
	([resource, ofResource]): INodeProperties => ({
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		default: 'create',
		displayOptions: { show: { resource: [resource] } },
		options: Object.entries(ofResource).map(([value, { option }]) => ({ ...option, value })),
	}),
);

export const properties: INodeProperties[] = [
	resourceField,
	...operationFields,
	...Object.entries(operations).flatMap(([resource, ofResource]) =>
		Object.entries(ofResource).flatMap(([name, { fields, toolDescription }]) =>
			showFor(resource, name, [...createToolDescription(toolDescription), ...fields]),
		),
	),
	requestOptions.property,
];

function capitalize(word: string): string {
	return word[0].toUpperCase() + word.slice(1);
}
