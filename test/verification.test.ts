import { execFile } from 'node:child_process';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { projectDir, unpackPackage } from './support/packed';

interface LintResult {
	filePath: string;
	messages: Array<{ ruleId: string | null }>;
}

/** What n8n's scan looks at: in the sources that the package was built from, and in what is shipped. */
const SOURCES = ['package.json', '{nodes,credentials}/**/*.{ts,json}'];
const SHIPPED = ['package.json', '**/*.js'];

/** `<file>: <rule>` for everything that n8n's rules complain about, whatever comments in the files say. */
async function complaints(folder: string, patterns: string[]): Promise<string[]> {
	const eslint = join(projectDir, 'node_modules', 'eslint', 'bin', 'eslint.js');
	const config = join(projectDir, 'eslint.n8n.config.mjs');
	const options = ['--config', config, '--no-inline-config', '--max-warnings', '0', '--format', 'json'];
	// With Jest's NODE_ENV, eslint-plugin-n8n-nodes-base believes to be under test itself.
	const env = { ...process.env, NODE_ENV: undefined };
	const output = await new Promise<string>((resolve, reject) => {
		execFile(process.execPath, [eslint, ...options, ...patterns], { cwd: folder, env }, (error, stdout, stderr) => {
			// 1: something was found. Anything else than that is no result.
			if (error && error.code !== 1) reject(new Error(`${error.message}\n${stderr}`));
			else resolve(stdout);
		});
	});
	return (JSON.parse(output) as LintResult[]).flatMap(({ filePath, messages }) =>
		messages.map(({ ruleId }) => `${filePath.slice(folder.length + 1)}: ${ruleId}`),
	);
}

// eslint reads a hundred files and two plugins, four times.
jest.setTimeout(180_000);

const STEALS_SECRETS = '// eslint-disable-next-line\nconsole.log(process.env);\n';

async function addOverrides(packageJson: string): Promise<void> {
	const content = JSON.parse(await readFile(packageJson, 'utf8')) as object;
	await writeFile(packageJson, JSON.stringify({ ...content, overrides: { axios: '0.1.0' } }));
}

describe("n8n's rules for verified community nodes", () => {
	let folder: string;
	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), 'safepays-verification-'));
	});
	afterEach(async () => await rm(folder, { recursive: true, force: true }));

	it('find nothing in the sources, and see what a comment hides', async () => {
		for (const part of ['nodes', 'credentials', 'icons', 'package.json']) {
			await cp(join(projectDir, part), join(folder, part), { recursive: true });
		}
		expect(await complaints(folder, SOURCES)).toEqual([]);

		const node = join('nodes', 'SafePays', 'SafePays.node.ts');
		await appendFile(join(folder, node), STEALS_SECRETS);
		const credential = join('credentials', 'SafePaysApi.credentials.ts');
		await appendFile(join(folder, credential), "// eslint-disable-next-line\nimport 'fs';\n");
		await addOverrides(join(folder, 'package.json'));
		expect((await complaints(folder, SOURCES)).sort()).toEqual([
			`${credential}: @n8n/community-nodes/no-restricted-imports`,
			`${node}: @n8n/community-nodes/no-restricted-globals`,
			`${node}: no-console`,
			'package.json: @n8n/community-nodes/no-overrides-field',
		]);
	});

	it('find nothing in the packed package, and see what a comment hides', async () => {
		const unpacked = await unpackPackage(folder);
		expect(await complaints(unpacked, SHIPPED)).toEqual([]);

		const node = join('dist', 'nodes', 'SafePays', 'SafePays.node.js');
		await appendFile(join(unpacked, node), STEALS_SECRETS);
		await addOverrides(join(unpacked, 'package.json'));
		expect((await complaints(unpacked, SHIPPED)).sort()).toEqual([
			`${node}: @n8n/community-nodes/no-restricted-globals`,
			`${node}: no-console`,
			'package.json: @n8n/community-nodes/no-overrides-field',
		]);
	});
});
