import type { IHookFunctions, INode } from 'n8n-workflow';

import { getBaseUrl } from '../../../credentials/SafePaysApi.credentials';
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

/** Warns in n8n's log, when a workflow is published, of what would keep notifications from its trigger. */
export async function warnOnActivation(context: IHookFunctions): Promise<void> {
	const { name } = context.getNode();
	const url = context.getNodeWebhookUrl('default') ?? '';
	if (isLocal(url) && !isLocal(getBaseUrl(await context.getCredentials('safePaysApi')))) {
		context.logger.warn(
			`SafePays cannot reach the node "${name}" at ${new URL(url).origin}: that address is private. ${PUBLIC_ADDRESS_ADVICE}`,
		);
	}
	if (handsPendingOn(context.getNode()))
		context.logger.warn(`The settings of the node "${name}" can lose payments. ${SETTINGS_ADVICE}`);
}
