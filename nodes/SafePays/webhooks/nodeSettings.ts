import type { IHookFunctions, INode } from 'n8n-workflow';

import {
	getBaseUrl,
	getTriggerPath,
	isTriggerPath,
} from '../../../credentials/SafePaysApi.credentials';
import { toNodeError } from '../errors/nodeErrors';
import { isLocal, PUBLIC_ADDRESS_ADVICE } from '../transport/addresses';

/**
 * Whether the node's settings would hand a pending item on to the next node: "Always Output Data"
 * makes an item of nothing, and "On Error: Continue" hands on what came in.
 */
export function handsPendingOn({ alwaysOutputData, continueOnFail, onError }: INode): boolean {
	return (
		alwaysOutputData === true ||
		continueOnFail === true ||
		(onError !== undefined && onError !== 'stopWorkflow')
	);
}

/** What to do about the settings for which `handsPendingOn` is true. */
export const SETTINGS_ADVICE =
	'Turn "Always Output Data" off and set "On Error" to "Stop Workflow" in its settings: as they are, they would start the workflow with what is not confirmed yet, so notifications that cannot be checked at once are turned away.';

/**
 * Warns in n8n's log, when a workflow is published, of what may keep notifications from its trigger.
 *
 * @throws NodeOperationError for a Path at which none can arrive: then n8n does not publish
 */
export async function checkOnActivation(context: IHookFunctions): Promise<void> {
	const { name } = context.getNode();
	const path = String(context.getNodeParameter('path', ''));
	if (getTriggerPath({ triggerPath: path }) === '' || !isTriggerPath(path)) {
		// n8n shows only the message.
		const error = new Error(
			`"Path" cannot be the end of a webhook URL: "${path}". Enter the Path alone, such as safepays: no blanks around it, and not the address of your n8n.`,
		);
		throw toNodeError({ context, itemCount: 1, redact: (text) => text }, error, 0);
	}
	const url = context.getNodeWebhookUrl('default') ?? '';
	if (isLocal(url) && !isLocal(getBaseUrl(await context.getCredentials('safePaysApi')))) {
		context.logger.warn(
			`SafePays cannot reach the node "${name}" at ${new URL(url).origin}: that address is private. ${PUBLIC_ADDRESS_ADVICE}`,
		);
	}
	if (handsPendingOn(context.getNode()))
		context.logger.warn(`The settings of the node "${name}" can lose payments. ${SETTINGS_ADVICE}`);
}
