import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { NodeError } from './telling';

/**
 * Runs the node for a model that has called it as a tool, and sees to it that the model is told what
 * went wrong: agents since version 3 pass on the message of an error without its description,
 * older ones nothing at all, so there the error comes back as an item.
 *
 * @throws NodeApiError, NodeOperationError whose message says everything
 */
export async function toolCall(
	context: IExecuteFunctions,
	run: (this: IExecuteFunctions) => Promise<INodeExecutionData[][]>,
): Promise<INodeExecutionData[][]> {
	try {
		return await run.call(context);
	} catch (error) {
		const told = inOneText(error as NodeError);
		// n8n says true only where the agent runs its tools itself, as older agents and sub-agents do.
		if (context.isToolExecution?.()) return [[{ json: { error: told.message }, pairedItem: { item: 0 } }]];
		throw told;
	}
}

function inOneText(error: NodeError): NodeError {
	const more = (error.description ?? '').replaceAll('<br />', ' ');
	error.message = more === '' ? error.message : `${error.message}. ${more}`;
	error.description = null;
	return error;
}
