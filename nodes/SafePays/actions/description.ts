import type { INodeProperties } from 'n8n-workflow';

import { customer } from './customer';
import { optionsField, showFor, toolDescriptionFields } from './fields';
import { invoice } from './invoice';
import type { Operation } from './operation';

/** Every operation by resource: the one place where an operation is registered. */
export const operations: Record<string, Record<string, Operation>> = { customer, invoice };

const choices: INodeProperties[] = [
	{
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		default: 'invoice',
		options: [
			{ name: 'Customer', value: 'customer' },
			{ name: 'Invoice', value: 'invoice' },
		],
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		default: 'create',
		displayOptions: { show: { resource: ['customer'] } },
		options: [
			{
				name: 'Create',
				value: 'create',
				action: 'Create a customer',
				description: 'Create a customer with name and email address',
			},
			{
				name: 'Get',
				value: 'get',
				action: 'Get a customer',
				description: 'Get a customer with the paid invoices and totals',
			},
		],
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		default: 'create',
		displayOptions: { show: { resource: ['invoice'] } },
		options: [
			{
				name: 'Create',
				value: 'create',
				action: 'Create an invoice',
				description: 'Create an invoice and get its payment link',
			},
			{
				name: 'Create and Wait for Payment',
				value: 'createAndWait',
				action: 'Create an invoice and wait for payment',
				description: 'Create an invoice and go on when it is paid',
				displayOptions: { hide: { '@tool': [true] } },
			},
			{
				name: 'Get',
				value: 'get',
				action: 'Get an invoice',
				description: 'Get an invoice with its payment status',
			},
		],
	},
];

export const properties: INodeProperties[] = [
	...choices,
	...Object.entries(operations).flatMap(([resource, ofResource]) =>
		Object.entries(ofResource).flatMap(([name, { fields, toolDescription }]) =>
			showFor(resource, name, [...toolDescriptionFields(toolDescription), ...fields]),
		),
	),
	optionsField,
];
