import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import packageJson from '../package.json';

const root = join(__dirname, '..');

interface Packed {
	files: Array<{ path: string }>;
	unpackedSize: number;
}

/** What `npm pack` would ship of what `npm run build` has made. */
async function pack(): Promise<Packed> {
	const { stdout } = await promisify(execFile)(
		'npm',
		['pack', '--dry-run', '--json', '--ignore-scripts'],
		{ cwd: root },
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
			]),
		);
	});

	it('ships the build and the papers, and nothing else', () => {
		const outside = paths.filter((path) => !path.startsWith('dist/'));
		expect(outside.sort()).toEqual([
			'CHANGELOG.md',
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

	it('hands out the built classes', () => {
		const classes = jest.requireActual<Record<string, unknown>>('../index.js');
		expect(Object.keys(classes)).toEqual(['SafePaysApi', 'SafePays', 'SafePaysTrigger']);
		for (const built of Object.values(classes)) expect(built).toBeInstanceOf(Function);
	});
});
