import type { INodeProperties } from 'n8n-workflow';

const UUID_PATTERN = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';

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

/**
 * A resource locator for a record that is named by its UUID: SafePays has no endpoint that lists.
 *
 * @param page the path in front of the id in SafePays' own addresses, e.g. `pay`
 */
export function recordLocator(
	field: Pick<INodeProperties, 'displayName' | 'name' | 'description'>,
	page: string,
): INodeProperties {
	return {
		...field,
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
						properties: { regex: `^\\s*${UUID_PATTERN}\\s*$`, errorMessage: 'Not a SafePays ID' },
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
					{
						type: 'regex',
						properties: {
							regex: `^\\s*https?://.+/${page}/${UUID_PATTERN}.*$`,
							errorMessage: `Not an address with /${page}/ and an ID`,
						},
					},
				],
			},
		],
	};
}

/**
 * What a model reads of the operation. n8n takes a field of this name as it is; without one it would
 * tell the model the operation's `action` ("Create an invoice in SafePays") and no more.
 *
 * @param text none for an operation that cannot be a tool
 */
export function toolDescriptionFields(text?: string): INodeProperties[] {
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
				'What the model is told about this tool. By this text it decides when and how to use it.',
		},
	];
}

/** The currencies that SafePays documents, first in the list; any other code can be typed in. */
export const CURRENCY_HINT = 'SafePays documents USD, EUR, GBP, INR and CAD';

/** How an operation's requests are sent: the same for all. */
export const optionsField: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		{
			displayName: 'Max Concurrency',
			name: 'maxConcurrency',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 100 },
			default: 10,
			description: 'How many requests may be on their way at the same time',
		},
		{
			displayName: 'Rate Limit Wait',
			name: 'rateLimitWait',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 300,
			description:
				'Seconds that one item may wait when SafePays asks to slow down, before it fails',
		},
		{
			displayName: 'Resend Unconfirmed',
			name: 'resendUnconfirmed',
			type: 'boolean',
			default: false,
			displayOptions: { hide: { '/operation': ['get'] } },
			description:
				'Whether to send a create again when its outcome is unknown, for example after a timeout. It may then be created twice.',
		},
		{
			displayName: 'Timeout',
			name: 'timeout',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 30,
			description: 'Seconds that one request may take',
		},
	],
};
