import type {
	IExecuteFunctions,
	IHookFunctions,
	ILoadOptionsFunctions,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';

import { baseUrlOf } from '../../../credentials/SafePaysApi.credentials';
import { isLocal } from '../transport/addresses';

/** The one value of the list that shows the address. */
const THIS_N8N = 'thisN8n';

/** A list that is for reading, not for choosing: its texts are not those of lists with names and IDs. */
const shown = { loadOptionsMethod: 'notificationAddress' };

/** Shows in the trigger's panel where notifications go, and whether they can come there. */
export const addressField: INodeProperties = {
	displayName: 'Notification Address',
	name: 'notificationAddress',
	type: 'options',
	noDataExpression: true,
	typeOptions: shown,
	default: THIS_N8N,
	description:
		'Where SafePays has to reach this n8n. If it cannot, set the environment variable N8N_WEBHOOK_URL (WEBHOOK_URL in older versions) of your n8n to a public address.',
};

/** Says in n8n's log that the real SafePays cannot reach a trigger on a private address. */
export async function warnIfUnreachable(this: IHookFunctions): Promise<void> {
	const url = this.getNodeWebhookUrl('default') ?? '';
	if (!(await isOutOfReach(this, url))) return;
	this.logger.warn(
		`SafePays cannot reach the node "${this.getNode().name}" at ${new URL(url).origin}: that address is private. Give your n8n a public address (the environment variable N8N_WEBHOOK_URL, or WEBHOOK_URL in older versions).`,
	);
}

/**
 * What the field shows. n8n has no text in a panel that depends on its own address or on the
 * credential, so the address is the only entry of a list, which is loaded whenever the panel opens
 * or the credential changes.
 */
export async function notificationAddress(
	this: ILoadOptionsFunctions,
): Promise<INodePropertyOptions[]> {
	// The type of this context leaves out what every context has. n8n makes this address of its
	// webhook address, which may be another than that of the editor.
	const { evaluateExpression } = this as unknown as IExecuteFunctions;
	const url = String(evaluateExpression.call(this, '{{ $execution.resumeUrl }}', 0));
	const { origin } = new URL(url);
	const name = (await isOutOfReach(this, url)) ? `⚠ SafePays cannot reach ${origin}` : origin;
	return [{ name, value: THIS_N8N }];
}

async function isOutOfReach(
	context: IHookFunctions | ILoadOptionsFunctions,
	url: string,
): Promise<boolean> {
	if (!isLocal(url)) return false;
	return !isLocal(baseUrlOf(await context.getCredentials('safePaysApi')));
}
