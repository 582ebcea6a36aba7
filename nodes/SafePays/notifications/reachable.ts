import type { IHookFunctions } from 'n8n-workflow';

import { baseUrlOf } from '../../../credentials/SafePaysApi.credentials';
import { isLocal } from '../transport/addresses';

/** Says in n8n's log that the real SafePays cannot reach a trigger on a private address. */
export async function warnIfUnreachable(this: IHookFunctions): Promise<void> {
	const url = this.getNodeWebhookUrl('default') ?? '';
	if (!isLocal(url)) return;
	const credentials = await this.getCredentials('safePaysApi');
	if (isLocal(baseUrlOf(credentials))) return;
	this.logger.warn(
		`SafePays cannot reach the node "${this.getNode().name}" at ${new URL(url).origin}: that address is private. Give your n8n a public address (the environment variable WEBHOOK_URL).`,
	);
}
