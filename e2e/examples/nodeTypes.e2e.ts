import type { INodeParameters, INodeTypeDescription } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import { readExamples } from '../../tools/harness/examples';
import { n8nIsBefore } from '../../tools/harness/olderN8n';
import type { NodeJson } from '../../tools/harness/workflow';
import { getWorld } from '../world';

/** Before n8n 2.6 a workflow cannot make its own data table: the examples that do need a newer one. */
const isLacking = (type: string) => type === 'n8n-nodes-base.dataTable' && n8nIsBefore('2.6.0');

/** What n8n keeps of a node's parameters: not those that the type does not have, nor those that others hide. */
const understand = (type: INodeTypeDescription, { parameters, typeVersion }: NodeJson) =>
	NodeHelpers.getNodeParameters(
		type.properties,
		parameters as INodeParameters,
		true,
		false,
		{ typeVersion },
		type,
	);

/** Every node type that the editor knows, each of its versions. */
let types: INodeTypeDescription[];
beforeAll(async () => {
	const { n8nUrl, client } = await getWorld();
	const response = await fetch(`${n8nUrl}/types/nodes.json`, {
		headers: { cookie: String(client.cookie) },
	});
	types = (await response.json()) as INodeTypeDescription[];
});

describe.each(readExamples())('"$name"', ({ nodes }) => {
	it.each(nodes.filter(({ type }) => !isLacking(type)))(
		'n8n has the type of "$name", in this version, with these parameters',
		(node) => {
			const type = types.find(
				({ name, version }) => name === node.type && [version].flat().includes(node.typeVersion),
			) as INodeTypeDescription;
			expect(type).toBeDefined();
			expect(understand(type, node)).toMatchObject(node.parameters);
		},
	);
});
