import type { INode, INodeParameters } from 'n8n-workflow';

import type { WorkflowJson } from '.';
import { NODE_NAME } from '.';
import invoiceFromItem from '../workflows/invoice-from-item.json';

/** A node's settings, beside its parameters. */
type Settings = Partial<Pick<INode, 'onError' | 'retryOnFail' | 'maxTries' | 'waitBetweenTries'>>;

/** Manual Trigger → SafePays → No Operation, with the SafePays node set up as given. */
export function safePaysWorkflow(
	parameters: INodeParameters,
	settings: Settings = {},
): WorkflowJson {
	const json = structuredClone(invoiceFromItem) as unknown as WorkflowJson;
	const node = json.nodes.find(({ name }) => name === 'SafePays') as INode;
	node.parameters = parameters;
	Object.assign(node, settings);
	return json;
}

/** Creates an invoice for each item, with email and amount from it. */
export const createInvoices = (parameters: INodeParameters = {}, settings: Settings = {}) =>
	safePaysWorkflow(
		{
			resource: 'invoice',
			operation: 'create',
			email: '={{ $json.email }}',
			amount: '={{ $json.amount }}',
			...parameters,
		},
		settings,
	);

/** The workflow with its SafePays node as a tool. Agents run it in ways of their own: see e2e/aiAgent.e2e.ts. */
export function asTool(json: WorkflowJson): WorkflowJson {
	const node = json.nodes.find(({ name }) => name === NODE_NAME) as INode;
	node.type += 'Tool';
	return json;
}

export const TRIGGER_NAME = 'SafePays Trigger';

/** SafePays Trigger → No Operation. */
export function triggerWorkflow(parameters: INodeParameters = {}): WorkflowJson {
	return {
		nodes: [
			{
				id: '5a0b7a52-0d3e-4f0e-8a3f-0d8c5a1f7e01',
				name: TRIGGER_NAME,
				type: 'n8n-nodes-safepays.safePaysTrigger',
				typeVersion: 1.1,
				position: [0, 0],
				webhookId: '9c1f4a5e-8a27-4a63-9d7c-2f3f5f0f8b02',
				parameters,
				credentials: { safePaysApi: { id: '1', name: 'SafePays' } },
			},
			{
				id: '5a0b7a52-0d3e-4f0e-8a3f-0d8c5a1f7e03',
				name: 'After',
				type: 'n8n-nodes-base.noOp',
				typeVersion: 1,
				position: [220, 0],
				parameters: {},
			},
		],
		connections: { [TRIGGER_NAME]: { main: [[{ node: 'After', type: 'main', index: 0 }]] } },
	};
}
