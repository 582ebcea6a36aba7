import type { INodeTypeDescription } from 'n8n-workflow';

import { understood } from '../../../test/support/parameters';
import { readExamples } from '../../harness/examples';
import { getWorld } from '../world';

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
	it.each(nodes)('n8n has the type of "$name", in this version, with these parameters', (node) => {
		const type = types.find(
			({ name, version }) => name === node.type && [version].flat().includes(node.typeVersion),
		) as INodeTypeDescription;
		expect(type).toBeDefined();
		expect(understood(type, node)).toMatchObject(node.parameters);
	});
});
