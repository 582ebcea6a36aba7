import type { INode, INodeParameters } from 'n8n-workflow';

import type { WorkflowJson } from '../../engine';
import { NODE_NAME } from '../../engine';
import { createInvoices, safePaysWorkflow } from '../../engine/workflows';

/** The node that creates what is waited for. */
export const CREATE = 'Create';

export type Settings = Parameters<typeof safePaysWorkflow>[1];

/** Manual Trigger → Create, which reports to the execution → SafePays, which waits → No Operation. */
export function waitWorkflow(
	parameters: INodeParameters = {},
	settings: Settings = {},
): WorkflowJson {
	const json = safePaysWorkflow(
		{ resource: 'invoice', operation: 'waitForPayment', ...parameters },
		settings,
	);
	const create = getNode(createInvoices({ whenPaid: 'resume' }), NODE_NAME);
	return insertBefore(json, NODE_NAME, { ...create, id: 'create', name: CREATE });
}

/** Puts a node between another and the one before it. */
export function insertBefore(json: WorkflowJson, name: string, node: INode): WorkflowJson {
	for (const { main } of Object.values(json.connections))
		for (const connection of main?.[0] ?? [])
			if (connection.node === name) connection.node = node.name;
	json.nodes.push(node);
	json.connections[node.name] = { main: [[{ node: name, type: 'main', index: 0 }]] };
	return json;
}

export function getNode({ nodes }: WorkflowJson, name: string): INode {
	return nodes.find((node) => node.name === name) as INode;
}
