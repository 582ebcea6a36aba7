import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { safePaysWorkflow } from '../../../engine/workflows';
import type { Stage } from '../webhooks/stage';

/** The items that the node gives out with these parameters. */
export async function run(
	{ n8n }: Stage,
	parameters: INodeParameters,
	inputs: IDataObject[] = [{}],
): Promise<IDataObject[]> {
	return n8n.getItems(await n8n.run(safePaysWorkflow(parameters), inputs));
}

/** Runs an operation: an ordinary item with nothing left out, and one for each field that only some items have. */
export type GetItems = (stage: Stage) => Promise<IDataObject[]>;
