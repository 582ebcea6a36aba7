import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';

/**
 * Names a node of a workflow, for what this process remembers of it. By its id: a renamed node is
 * still the same, a copy of the workflow has nodes of its own.
 */
export function nodeKey(context: IExecuteFunctions | IWebhookFunctions): string {
	return `${context.getWorkflow().id}:${context.getNode().id}`;
}
