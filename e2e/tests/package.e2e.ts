import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { INodeTypeDescription } from 'n8n-workflow';

import { operations } from '../../nodes/SafePays/actions/description';
import { projectDir } from '../harness/paths';
import { getWorld } from './world';

it('loads both nodes under their real names, with an icon for each theme', async () => {
	const { client } = await getWorld();
	const types = await client.getNodeTypes([
		'n8n-nodes-safepays.safePays',
		'n8n-nodes-safepays.safePaysTrigger',
	]);
	expect(types.map(({ displayName }) => displayName)).toEqual(['SafePays', 'SafePays Trigger']);
	for (const { iconUrl } of types) {
		expect(iconUrl).toEqual({
			light: expect.stringMatching(/safepays\.light\.svg$/),
			dark: expect.stringMatching(/safepays\.dark\.svg$/),
		});
	}
});

it('serves the icons', async () => {
	const { client, n8nUrl } = await getWorld();
	const [{ iconUrl }] = await client.getNodeTypes(['n8n-nodes-safepays.safePays']);
	for (const path of Object.values(iconUrl as { light: string; dark: string })) {
		const response = await fetch(`${n8nUrl}/${path}`);
		expect([path, response.status]).toEqual([path, 200]);
		expect(await response.text()).toContain('<svg');
	}
});

it('is offered as a tool to AI agents, without the operation that waits', async () => {
	const { n8nUrl, cookie } = await getWorld();
	const response = await fetch(`${n8nUrl}/types/nodes.json`, { headers: { cookie } });
	const types = (await response.json()) as INodeTypeDescription[];
	const tool = types.find(({ name }) => name === 'n8n-nodes-safepays.safePaysTool');
	const operations = (tool?.properties ?? [])
		.filter(({ name }) => name === 'operation')
		.flatMap(({ options }) => options ?? []);
	const waiting = operations.find((option) => 'value' in option && option.value === 'createAndWait');
	expect(waiting).toMatchObject({ displayOptions: { hide: { '@tool': [true] } } });
});

it('serves what the editor shows of an output before the node has run', async () => {
	const { n8nUrl, cookie } = await getWorld();
	for (const [resource, ofResource] of Object.entries(operations)) {
		for (const operation of Object.keys(ofResource)) {
			const path = `${resource}/${operation}.json`;
			// the editor asks with the node's version padded to three numbers
			const url = `${n8nUrl}/schemas/n8n-nodes-safepays.safePays/1.0.0/${path}`;
			const response = await fetch(url, { headers: { cookie } });
			const source = join(projectDir, 'nodes', 'SafePays', '__schema__', 'v1.0.0', path);
			expect([path, response.status]).toEqual([path, 200]);
			expect(await response.json()).toEqual(JSON.parse(readFileSync(source, 'utf8')));
		}
	}
});
