import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { SafePaysApi } from '../credentials/SafePaysApi.credentials';
import nodeCodex from '../nodes/SafePays/SafePays.node.json';
import triggerCodex from '../nodes/SafePays/SafePaysTrigger.node.json';
import packageJson from '../package.json';
import { projectDir } from '../tools/harness/paths';

/** What `npm pack` would ship of what `npm run build` has made. */
async function listPackedPaths(): Promise<string[]> {
	const { stdout } = await promisify(execFile)(
		'npm',
		['pack', '--dry-run', '--json', '--ignore-scripts'],
		{ cwd: projectDir },
	);
	const [{ files }] = JSON.parse(stdout) as [{ files: Array<{ path: string }> }];
	return files.map(({ path }) => path);
}

/** Where the editor sends a person who wants to read on. */
const documentation = [
	new SafePaysApi().documentationUrl,
	...[nodeCodex, triggerCodex].flatMap(({ resources }) =>
		Object.values(resources)
			.flat()
			.map(({ url }) => url),
	),
];

describe('the packed package', () => {
	let paths: string[];
	beforeAll(async () => {
		paths = await listPackedPaths();
	});

	it('holds what n8n loads', () => {
		for (const path of [...packageJson.n8n.nodes, ...packageJson.n8n.credentials]) {
			expect(paths).toContain(path);
		}
		expect(paths).toEqual(
			expect.arrayContaining([
				'dist/icons/safepays.light.svg',
				'dist/icons/safepays.dark.svg',
				'dist/nodes/SafePays/SafePays.node.json',
				'dist/nodes/SafePays/SafePaysTrigger.node.json',
				'dist/nodes/SafePays/__schema__/v1.0.0/invoice/create.json',
			]),
		);
	});

	it('ships the build and the papers, and nothing else', () => {
		const outside = paths.filter((path) => !path.startsWith('dist/'));
		expect(outside.sort()).toEqual(['LICENSE', 'README.md', 'index.js', 'package.json']);
		const inDist = paths.filter((path) => path.startsWith('dist/'));
		expect(inDist.filter((path) => !/\.(js|json|svg)$/.test(path))).toEqual([]);
	});

	it('needs nothing at run time that n8n does not have', () => {
		// n8n's lint lets every devDependency pass.
		const needed = paths
			.filter((path) => path.endsWith('.js'))
			.flatMap((path) => [
				...readFileSync(join(projectDir, path), 'utf8').matchAll(/require\("([^."][^"]*)"\)/g),
			])
			.map(([, name]) => name);
		const provided = ['crypto', 'lodash', 'luxon', 'n8n-workflow', 'p-limit', 'zod'];
		expect(provided).toEqual(expect.arrayContaining(needed));
	});

	it('links from the editor to headings that the README has', () => {
		const readme = readFileSync(join(projectDir, 'README.md'), 'utf8');
		const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
			heading.toLowerCase().replaceAll(' ', '-'),
		);
		const anchors = documentation.flatMap((url) => url.split('#')[1] ?? []);
		expect(anchors.length).toBeGreaterThan(0);
		expect(headings).toEqual(expect.arrayContaining(anchors));
	});

	it('hands out the built classes', () => {
		const classes = jest.requireActual<Record<string, unknown>>('../index.js');
		expect(Object.keys(classes)).toEqual(['SafePaysApi', 'SafePays', 'SafePaysTrigger']);
		for (const built of Object.values(classes)) expect(built).toBeInstanceOf(Function);
	});
});
