import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';

import { text } from './input';
import { resumeUrlOf } from './invoice/waitForPayment';
import type { ItemParameters } from './operation';

/** Reads the parameters of each item; what is the same for all items is read once. */
export function parametersOf(
	context: IExecuteFunctions,
	credentials: ICredentialDataDecryptedObject,
): (itemIndex: number) => ItemParameters {
	const shared = {
		defaultWebhookUrl: text(credentials.defaultWebhookUrl),
		resumeUrl: () => resumeUrlOf(context),
		timeZone: context.getTimezone(),
	};
	return (itemIndex) => ({
		...shared,
		get: (name) => context.getNodeParameter(name, itemIndex, undefined) as unknown,
	});
}
