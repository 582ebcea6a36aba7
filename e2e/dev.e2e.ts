import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Cleanup } from '../tools/harness/cleanup';
import { followSources, LIVE_ENV } from '../tools/harness/live';
import { startOwnN8n } from '../tools/harness/ownN8n';
import { projectDir } from '../tools/harness/paths';
import { eventually } from '../tools/harness/eventually';

jest.setTimeout(240_000);

const cleanup = new Cleanup();

afterAll(async () => await cleanup.run());

/** The sources, to be changed. */
function copySources(): string {
	const folder = mkdtempSync(join(tmpdir(), 'safepays-dev-'));
	cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
	for (const part of ['credentials', 'icons', 'nodes', 'tsconfig.json']) {
		cpSync(join(projectDir, part), join(folder, part), { recursive: true });
	}
	symlinkSync(join(projectDir, 'node_modules'), join(folder, 'node_modules'), 'dir');
	return folder;
}

it('has a running n8n load what was changed in the sources, and nothing that is wrong', async () => {
	const sources = copySources();
	const { client, n8n, userFolder } = await startOwnN8n('dev', { env: LIVE_ENV, cleanup });

	const told: string[] = [];
	const tell = (line: string) => told.push(line);
	const following = followSources({ projectDir: sources, userFolder, n8n, tell });
	cleanup.add(() => following.close());
	const hears = async (words: RegExp) =>
		await eventually(
			`a line with ${words}`,
			() => told.splice(0).find((line) => words.test(line)),
			90_000,
		);
	await hears(/^Compiled: in n8n after [\d.]+ s\.$/);

	const node = join(sources, 'nodes', 'SafePays', 'SafePays.node.ts');
	const source = readFileSync(node, 'utf8');
	const describedAs = (text: string) =>
		writeFileSync(node, source.replace(/(description: )'Create customers[^']*'/, `$1${text}`));
	// While n8n loads the package anew, it knows none of its types for a moment.
	const getType = async () =>
		await eventually('n8n to know the node', async () => {
			const types = client.getNodeTypes(['n8n-nodes-safepays.safePays']);
			return (await types.catch(() => []))[0];
		});
	const description = async () => (await getType()).description;
	const before = await description();

	describedAs('42');
	await hears(
		/SafePays\.node\.ts\(\d+,\d+\): error TS2322: Type 'number' is not assignable to type 'string'/,
	);
	expect(await description()).toBe(before);

	describedAs("'Changed while n8n runs'");
	await hears(/^Compiled: in n8n after/);
	await eventually(
		'the new description',
		async () => (await description()) === 'Changed while n8n runs' || undefined,
	);

	const icon = join(sources, 'icons', 'safepays.light.svg');
	writeFileSync(icon, readFileSync(icon, 'utf8').replace('<svg ', '<svg data-changed="" '));
	await hears(/^Copied icons\/safepays\.light\.svg: in n8n after/);
	const { iconUrl } = await getType();
	const response = await fetch(`${n8n.url}/${(iconUrl as { light: string }).light}`);
	expect(await response.text()).toContain('data-changed');
});
