import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { text } from '../input';
import type { Operation } from '../operation';
import { additionalFields, billFields, createInvoice } from './create.operation';

const waitFields: INodeProperties[] = [
	{
		displayName:
			'The workflow goes on when every invoice of this run is paid (or as set below). SafePays notifies the waiting execution itself, so these invoices do not start a SafePays Trigger.',
		name: 'waitNotice',
		type: 'notice',
		default: '',
	},
	{
		displayName: 'Resume On',
		name: 'resumeOn',
		type: 'options',
		default: 'paid',
		options: [
			{ name: 'Paid', value: 'paid', description: 'Go on when every invoice is paid' },
			{
				name: 'Paid or Failed',
				value: 'paidOrFailed',
				description: 'Go on when every invoice is paid or its payment has failed',
			},
		],
		description: 'What the workflow waits for',
	},
	{
		displayName: 'Limit Wait Time',
		name: 'limitWaitTime',
		type: 'boolean',
		default: true,
		description:
			'Whether to go on after some time even if not every invoice is paid. The items then have "timedOut": true.',
	},
	{
		displayName: 'Wait Amount',
		name: 'waitAmount',
		type: 'number',
		typeOptions: { minValue: 0 },
		default: 30,
		displayOptions: { show: { limitWaitTime: [true] } },
		description: 'How long to wait at most',
	},
	{
		displayName: 'Wait Unit',
		name: 'waitUnit',
		type: 'options',
		default: 'days',
		options: [
			{ name: 'Days', value: 'days' },
			{ name: 'Hours', value: 'hours' },
			{ name: 'Minutes', value: 'minutes' },
		],
		displayOptions: { show: { limitWaitTime: [true] } },
		description: 'The unit of the time to wait',
	},
];

export const createAndWait: Operation = {
	choice: {
		name: 'Create and Wait for Payment',
		action: 'Create an invoice and wait for payment',
		description: 'Create an invoice and go on when it is paid',
		displayOptions: { hide: { '@tool': [true] } },
	},

	fields: [...billFields, ...waitFields, additionalFields('dueDate', 'redirectUrl')],

	request: (parameters) => createInvoice(parameters, parameters.resumeUrl()),

	items: (answer) => [answer.invoice as IDataObject],

	uniqueKey: (parameters) => text(parameters.get('uniqueKey')),

	perTry: ['webhook_url'],

	waits: true,
};
