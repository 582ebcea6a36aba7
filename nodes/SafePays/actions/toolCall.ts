import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { NodeError } from '../errors/nodeErrors';
import { runItems } from './router';

/**
 * Runs the node for a model that has called it as a tool. An error comes back as an item: agents
 * pass on the message of one that is thrown without its description, or end the execution.
 */
export async function runAsTool(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	try {
		return await runItems(context);
	} catch (error) {
		return [[{ json: { error: joinTexts(error as NodeError) }, pairedItem: { item: 0 } }]];
	}
}

function joinTexts({ message, description }: NodeError): string {
	return description ? `${message}. ${description.replaceAll('<br />', ' ')}` : message;
}
