import { MAX_METADATA_BYTES, measureMetadata } from '../../webhooks/signedQuery';
import type { Field } from '../fields';
import { readRequiredText, readText } from '../validation';
import { InvalidInput } from '../../errors/invalidInput';

/** What the trigger hands out with the payment, by name: it travels in the query of the webhook URL. */
export const metadata: Field<Record<string, string>> = {
	property: {
		displayName: 'Metadata',
		name: 'metadata',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true, sortable: true },
		placeholder: 'Add Entry',
		default: {},
		displayOptions: { show: { '/whenPaid': ['trigger'] } },
		description:
			'What the payment is for, such as an order number. The SafePays Trigger returns it with the payment. 1 kB at most.',
		options: [
			{
				displayName: 'Entry',
				name: 'entry',
				values: [
					{
						displayName: 'Name',
						name: 'name',
						type: 'string',
						default: '',
						placeholder: 'e.g. orderId',
					},
					{
						displayName: 'Value',
						name: 'value',
						type: 'string',
						default: '',
						placeholder: 'e.g. 1042',
					},
				],
			},
		],
	},

	read(parameters) {
		const given = parameters.get('metadata') as
			| { entry?: Array<{ name?: unknown; value?: unknown }> }
			| undefined;
		const metadata: Record<string, string> = {};
		for (const [index, entry] of (given?.entry ?? []).entries()) {
			const field = `Metadata ${index + 1}`;
			const name = readRequiredText(entry.name, `${field}: Name`, 'orderId');
			if (name === '__proto__') {
				throw new InvalidInput(
					`${field}: Name`,
					'cannot be "__proto__", which n8n drops from items',
					'Give the entry another name.',
				);
			}
			if (Object.hasOwn(metadata, name)) {
				throw new InvalidInput(
					`${field}: Name`,
					`is used twice: "${name}"`,
					'Give each entry a name of its own.',
				);
			}
			metadata[name] = readText(entry.value, `${field}: Value`);
		}
		const bytes = measureMetadata(metadata);
		if (bytes > MAX_METADATA_BYTES) {
			throw new InvalidInput(
				'Metadata',
				`is too long: ${bytes} bytes, at most ${MAX_METADATA_BYTES} are possible`,
				'Send a key, such as an order number, and look up the rest by it.',
			);
		}
		return metadata;
	},
};
