import type { INodeTypeDescription } from 'n8n-workflow';

import { understood } from '../../test/support/parameters';
import { readExamples } from '../../tools/harness/examples';
import { n8nIsBefore } from '../../tools/harness/olderN8n';
import { getWorld } from '../world';

/** Before n8n 2.6 a workflow cannot make its own data table: the examples that do need a newer one. */
const isLacking = (type: string) => type === 'n8n-nodes-base.dataTable' && n8nIsBefore('2.6.0');

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
			expect(understood(type, node)).toMatchObject(node.parameters);
		},
	);
});
