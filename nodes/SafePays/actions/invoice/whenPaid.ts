import type { ICredentialDataDecryptedObject, INodeProperties } from 'n8n-workflow';

import {
	getApiKey,
	getBaseUrl,
	getTriggerPath,
	isTriggerPath,
} from '../../../../credentials/SafePaysApi.credentials';
import { isOutOfReach } from '../../transport/addresses';
import type { BoundFields } from '../../webhooks/signedQuery';
import { signQuery } from '../../webhooks/signedQuery';
import { createChoiceField, readCollection } from '../fields';
import type { ItemParameters } from '../parameters';
import { quote, readRequiredText, readUrl } from '../validation';
import { InvalidInput } from '../../errors/invalidInput';
import { metadata } from './metadata';

/** Longer ones are cut or refused by what stands between SafePays and n8n. */
const MAX_WEBHOOK_URL_LENGTH = 2000;

/** Who is notified of an invoice's payment, before unique key and metadata are added. */
export type NotificationTarget =
	/** The SafePays Trigger, in this n8n or where the credential's Default Webhook URL leads. */
	| { kind: 'trigger'; url: string }
	/** This execution, which waits at Wait for Payment. */
	| { kind: 'resume'; url: string }
	| { kind: 'url'; url: string }
	| { kind: 'nobody'; why: 'chosen' | 'noTrigger' }
	/** This n8n, at an address that the real SafePays cannot reach. */
	| { kind: 'nobody'; why: 'unreachable'; url: string };

const whenPaid = createChoiceField({
	displayName: 'When Paid',
	name: 'whenPaid',
	default: 'trigger',
	options: [
		{
			name: 'Start the SafePays Trigger',
			value: 'trigger',
			description: 'Start the workflow with the SafePays Trigger. There is nothing to copy.',
		},
		{
			name: 'Resume This Workflow',
			value: 'resume',
			description: 'Continue this execution at a Wait for Payment node further down',
			displayOptions: { hide: { '@tool': [true] } },
		},
		{
			name: 'Send to a URL',
			value: 'url',
			description: 'Send the notification to an address of your choice',
		},
		{ name: 'Do Nothing', value: 'nothing', description: 'Notify nobody' },
	],
	description:
		'Who is notified of the payment. The SafePays Trigger is found by the Trigger Path of the credential.',
});

export const whenPaidFields: INodeProperties[] = [
	whenPaid.property,
	{
		displayName: 'Webhook URL',
		name: 'webhookUrl',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. https://example.com/webhooks/safepays',
		displayOptions: { show: { whenPaid: ['url'] } },
		description: 'Where SafePays sends the notification when this invoice is paid',
	},
];

/** @throws InvalidInput for a Webhook URL that is no http(s) address */
export function findNotificationTarget(parameters: ItemParameters): NotificationTarget {
	const { credentials } = parameters;
	switch (whenPaid.read(parameters)) {
		case 'nothing':
			return { kind: 'nobody', why: 'chosen' };
		case 'url': {
			const given = readRequiredText(
				parameters.get('webhookUrl'),
				'Webhook URL',
				'https://example.com/webhooks/safepays',
			);
			return { kind: 'url', url: readUrl(given, 'Webhook URL') };
		}
		case 'resume':
			return ifReachable({ kind: 'resume', url: parameters.getResumeUrl() }, credentials);
		case 'trigger':
			return findTrigger(parameters);
	}
}

function findTrigger({ credentials, getResumeUrl }: ItemParameters): NotificationTarget {
	const elsewhere = readUrl(
		credentials.defaultWebhookUrl,
		'Default Webhook URL of the SafePays credential',
	);
	if (elsewhere !== '') return { kind: 'trigger', url: elsewhere };
	const path = getTriggerPath(credentials);
	if (path === '') return { kind: 'nobody', why: 'noTrigger' };
	if (!isTriggerPath(path)) {
		throw new InvalidInput(
			'Trigger Path of the SafePays credential',
			`is not the Path of a trigger: ${quote(path)}`,
			'Enter the Path of the SafePays Trigger alone, such as safepays, or use the Default Webhook URL for a whole address.',
		);
	}
	const url = `${getWebhookAddress(getResumeUrl())}/webhook/${encodeURI(path)}`;
	return ifReachable({ kind: 'trigger', url }, credentials);
}

/**
 * The `webhook_url` of an item's invoice; '' if nobody is to be notified. For the trigger,
 * unique key and metadata travel in its query, signed.
 *
 * @throws InvalidInput for metadata that cannot travel, and for an address of more than 2,000 characters
 */
export function buildWebhookUrl(
	parameters: ItemParameters,
	uniqueKey: string,
	bill: BoundFields,
): string {
	const target = findNotificationTarget(parameters);
	if (target.kind === 'nobody') return '';
	const address =
		target.kind === 'trigger'
			? addSignedQuery(target.url, parameters, uniqueKey, bill)
			: target.url;
	if (address.length > MAX_WEBHOOK_URL_LENGTH) {
		throw new InvalidInput(
			target.kind === 'url' ? 'Webhook URL' : 'Metadata',
			`makes the webhook URL ${address.length} characters long: at most ${MAX_WEBHOOK_URL_LENGTH} are possible`,
			'Shorten the address, the unique key, or the metadata.',
		);
	}
	return address;
}

function addSignedQuery(
	address: string,
	parameters: ItemParameters,
	uniqueKey: string,
	bill: BoundFields,
): string {
	const reference = {
		uniqueKey,
		metadata: metadata.read(readCollection(parameters, 'additionalFields')),
	};
	const query = signQuery({ ...bill, ...reference }, getApiKey(parameters.credentials));
	if (query === '') return address;
	const withQuery = new URL(address);
	withQuery.search += `${withQuery.search === '' ? '' : '&'}${query}`;
	return withQuery.href;
}

/** The address of this n8n's webhooks, path prefix included: a resume URL ends in /webhook-waiting/<execution>. */
function getWebhookAddress(resumeUrl: string): string {
	const { origin, pathname } = new URL(resumeUrl);
	return origin + pathname.split('/').slice(0, -2).join('/');
}

function ifReachable(
	target: NotificationTarget & { url: string },
	credentials: ICredentialDataDecryptedObject,
): NotificationTarget {
	return isOutOfReach(target.url, getBaseUrl(credentials))
		? { kind: 'nobody', why: 'unreachable', url: target.url }
		: target;
}
