import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import type { ClientOptions } from '../transport/client';
import { readObject } from '../unknownValues';
import type { Field, FieldTexts } from './fields';
import type { ParameterValues } from './parameters';
import { readIntegerWithin, readNumberWithin } from './validation';

/** A number of the options, of which one out of range is refused; `''` and none are the default. */
function createNumberField(
	field: FieldTexts & { default: number; min: number; max: number },
	validate: typeof readNumberWithin,
): Field<number> {
	const { min, max, ...property } = field;
	return {
		property: { ...property, type: 'number', typeOptions: { minValue: min, maxValue: max } },
		read: (parameters) => {
			const given = parameters.get(field.name);
			return validate((given ?? '') === '' ? field.default : given, field.displayName, min, max);
		},
	};
}

const maxConcurrency = createNumberField(
	{
		displayName: 'Parallel Requests',
		name: 'maxConcurrency',
		default: 10,
		min: 1,
		max: 100,
		description: 'How many requests to send at the same time',
	},
	readIntegerWithin,
);

const rateLimitWait = createNumberField(
	{
		displayName: 'Rate Limit Wait (Seconds)',
		name: 'rateLimitWait',
		default: 300,
		min: 0,
		max: 86_400,
		description: 'How long one item may wait when SafePays asks to slow down',
	},
	readNumberWithin,
);

const timeout = createNumberField(
	{
		displayName: 'Timeout (Seconds)',
		name: 'timeout',
		default: 30,
		min: 0.1,
		max: 3600,
		description: 'How long one request may take',
	},
	readNumberWithin,
);

/** How an operation's requests are sent: the same for all, and read once for all items. */
export const requestOptions: {
	property: INodeProperties;
	/** @throws InvalidInput naming the option */
	read(context: IExecuteFunctions): ClientOptions;
} = {
	property: {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [
			{
				displayName: 'Create Again If Unsure',
				name: 'resendUnconfirmed',
				type: 'boolean',
				default: false,
				displayOptions: { show: { '/operation': ['create'] } },
				description:
					'Whether to create again when it is not known whether it was created, for example after a timeout. It may then be created twice.',
			},
			maxConcurrency.property,
			rateLimitWait.property,
			timeout.property,
		],
	},

	read(context) {
		const given = readObject(context.getNodeParameter('options', 0, {}));
		const parameters: ParameterValues = { get: (name) => given[name] };
		return {
			maxConcurrency: maxConcurrency.read(parameters),
			timeout: timeout.read(parameters),
			rateLimitWait: rateLimitWait.read(parameters),
			resendUnconfirmed: given.resendUnconfirmed === true,
		};
	},
};
