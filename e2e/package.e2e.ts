import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { operations } from '../nodes/SafePays/actions';
import { projectDir } from '../tools/harness/paths';
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

it('serves what the editor shows of an output before the node has run', async () => {
	const { n8nUrl, cookie } = await getWorld();
	const ofNode = Object.entries(operations).flatMap(([resource, ofResource]) =>
		Object.keys(ofResource).map((operation) => `1.0.0/${resource}/${operation}.json`),
	);
	// the editor asks with the node's version padded to three numbers
	const paths = [...ofNode.map((path) => `safePays/${path}`), 'safePaysTrigger/1.1.0.json'];
	for (const path of paths) {
		const url = `${n8nUrl}/schemas/n8n-nodes-safepays.${path}`;
		const response = await fetch(url, { headers: { cookie } });
		const source = join(projectDir, 'nodes/SafePays/__schema__', path.replace(/^\w+\//, 'v'));
		expect([path, response.status]).toEqual([path, 200]);
		expect(await response.json()).toEqual(JSON.parse(readFileSync(source, 'utf8')));
	}
});
