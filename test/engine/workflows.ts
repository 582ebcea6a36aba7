import type { INode, INodeParameters } from 'n8n-workflow';

import type { WorkflowJson } from '.';
import { NODE_NAME } from '.';
import invoiceFromItem from '../workflows/invoice-from-item.json';

/** A node's settings, beside its parameters. */
type Settings = Partial<Pick<INode, 'onError' | 'retryOnFail' | 'maxTries' | 'waitBetweenTries'>>;

/** Manual Trigger → SafePays → No Operation, with the SafePays node set up as given. */
export function safePaysWorkflow(parameters: INodeParameters, settings: Settings = {}): WorkflowJson {
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

/** The workflow with its SafePays node as a tool. Agents run it in ways of their own: see e2e/tests/aiAgent.e2e.ts. */
export function asTool(json: WorkflowJson): WorkflowJson {
	const node = json.nodes.find(({ name }) => name === NODE_NAME) as INode;
	node.type += 'Tool';
	return json;
}
