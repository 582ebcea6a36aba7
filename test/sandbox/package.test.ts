import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import rootPackage from '../../package.json';
import sandboxPackage from '../../sandbox/package.json';
import { projectDir } from '../../tools/harness/paths';

const run = promisify(execFile);
const sandboxDir = join(projectDir, 'sandbox');

jest.setTimeout(60_000);

describe('the packed sandbox', () => {
	let folder: string;

	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), 'safepays-sandbox-'));
		await run('npm', ['pack', '--ignore-scripts=false', '--pack-destination', folder], {
			cwd: sandboxDir,
		});
		const [tarball] = readdirSync(folder);
		await run('tar', ['-xzf', join(folder, tarball), '-C', folder]);
		symlinkSync(join(projectDir, 'node_modules'), join(folder, 'node_modules'));
	});

	afterAll(() => rmSync(folder, { recursive: true, force: true }));

	it('holds plain JavaScript, its types and its papers, and nothing else', () => {
		const files = readdirSync(join(folder, 'package'), { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 9));
		const outside = files.filter((path) => !path.startsWith('dist/'));
		expect(outside.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
		expect(files.filter((path) => /^dist\/.*(?<!\.js|\.d\.ts)$/.test(path))).toEqual([]);
		expect(files).toEqual(expect.arrayContaining([sandboxPackage.bin['safepays-sandbox']]));
	});

	it('starts by its command, and answers', async () => {
		const command = join(folder, 'package', sandboxPackage.bin['safepays-sandbox']);
		expect(readFileSync(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
		const child = spawn(process.execPath, [command, '--port', '0'], { cwd: folder });
		try {
			let output = '';
			child.stdout.on('data', (chunk) => (output += chunk));
			while (!output.includes('Ctrl-C')) await once(child.stdout, 'data');
			const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? [''];
			const response = await fetch(`${url}/api/v2/invoice/1?api_key=sandbox-key`);
			expect(await response.json()).toEqual({ error: 'Invoice not found' });
		} finally {
			child.kill();
			await once(child, 'close');
		}
	});

	it('hands out startSandbox to those who require it', async () => {
		const script = "typeof require('safepays-sandbox').startSandbox";
		const { stdout } = await run(process.execPath, ['-p', script], {
			cwd: join(folder, 'package'),
		});
		expect(stdout.trim()).toBe('function');
	});
});

it('names every package that its sources import, and in the range that they are tested with', () => {
	const imported = readdirSync(sandboxDir, { recursive: true, encoding: 'utf8' })
		.filter((path) => path.endsWith('.ts') && !path.startsWith('dist'))
		.flatMap((path) => [
			...readFileSync(join(sandboxDir, path), 'utf8').matchAll(/from '(?!\.|node:)([^']+)'/g),
		])
		.map(([, name]) => name);
	expect([...new Set(imported)].sort()).toEqual(Object.keys(sandboxPackage.dependencies).sort());
	expect(rootPackage.devDependencies).toMatchObject(sandboxPackage.dependencies);
});
