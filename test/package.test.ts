import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { SafePaysApi } from '../credentials/SafePaysApi.credentials';
import nodeCodex from '../nodes/SafePays/SafePays.node.json';
import triggerCodex from '../nodes/SafePays/SafePaysTrigger.node.json';
import packageJson from '../package.json';
import { projectDir } from './support/packed';

interface Packed {
	files: Array<{ path: string }>;
	unpackedSize: number;
}

/** What `npm pack` would ship of what `npm run build` has made. */
async function pack(): Promise<Packed> {
	const { stdout } = await promisify(execFile)(
		'npm',
		['pack', '--dry-run', '--json', '--ignore-scripts'],
		{ cwd: projectDir },
	);
	return (JSON.parse(stdout) as Packed[])[0];
}

describe('the packed package', () => {
	let packed: Packed;
	let paths: string[];
	beforeAll(async () => {
		packed = await pack();
		paths = packed.files.map(({ path }) => path);
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
		expect(outside.sort()).toEqual([
			'LICENSE',
			'README.md',
			'index.js',
			'package.json',
		]);
		const inDist = paths.filter((path) => path.startsWith('dist/'));
		expect(inDist.filter((path) => !/\.(js|json|svg)$/.test(path))).toEqual([]);
	});

	it('unpacks to less than 120 kB', () => {
		expect(packed.unpackedSize).toBeLessThan(120_000);
	});

	it('has no runtime dependency and one peer', () => {
		expect(packageJson).not.toHaveProperty('dependencies');
		expect(packageJson.peerDependencies).toEqual({ 'n8n-workflow': '*' });
	});

	it('needs nothing at run time that n8n does not have', () => {
		// n8n's lint lets every devDependency pass.
		const needed = paths
			.filter((path) => path.endsWith('.js'))
			.flatMap((path) => [...readFileSync(join(projectDir, path), 'utf8').matchAll(/require\("([^."][^"]*)"\)/g)])
			.map(([, name]) => name);
		expect([...new Set(needed)].sort()).toEqual(['crypto', 'n8n-workflow']);
	});

	it('leads to one repository from everywhere', () => {
		const repository = packageJson.repository.url.replace(/^git\+|\.git$/g, '');
		const links = [
			packageJson.homepage,
			packageJson.bugs.url,
			new SafePaysApi().documentationUrl,
			...[nodeCodex, triggerCodex].flatMap(({ resources }) => Object.values(resources).flat().map(({ url }) => url)),
		];
		expect(links.map((link) => link.replace(/(#|\/issues|\/blob\/).*/, ''))).toEqual(links.map(() => repository));
	});

	it('hands out the built classes', () => {
		const classes = jest.requireActual<Record<string, unknown>>('../index.js');
		expect(Object.keys(classes)).toEqual(['SafePaysApi', 'SafePays', 'SafePaysTrigger']);
		for (const built of Object.values(classes)) expect(built).toBeInstanceOf(Function);
	});
});
