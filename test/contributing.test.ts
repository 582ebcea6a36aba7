import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type * as engine from './engine';
import { safePaysWorkflow } from './engine/workflows';
import { projectDir } from './support/packed';
import { useSandbox, worldOf } from './support';

// types are checked and everything is compiled once more
jest.setTimeout(180_000);

const sandboxOf = useSandbox();
const guide = readFileSync(join(projectDir, 'CONTRIBUTING.md'), 'utf8');
let folder: string;

/** The text of the first code block in this language, and what stands before it. */
function block(language: string): { before: string; code: string } {
	const [, before, code] = new RegExp(`([^\\n]*)\\n\\n\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide) ?? [];
	return { before, code };
}

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'safepays-contributing-'));
	for (const part of ['nodes', 'credentials', 'tsconfig.json', 'package.json']) {
		cpSync(join(projectDir, part), join(folder, part), { recursive: true });
	}
	symlinkSync(join(projectDir, 'node_modules'), join(folder, 'node_modules'), 'dir');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('shows an operation that works as it stands there', async () => {
	const { before, code } = block('ts');
	const [, path] = /`(nodes\/[^`]+)`/.exec(before) ?? [];
	const file = join(folder, path);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, code);
	execFileSync('git', ['apply', '-'], { cwd: folder, input: block('diff').code });
	execFileSync(process.execPath, [join(projectDir, 'node_modules', 'typescript', 'bin', 'tsc')], { cwd: folder });

	const { id } = sandboxOf().books.createInvoice(worldOf(sandboxOf()).credentials.apiKey as string, {
		email: 'ada@example.com',
		amount: 5,
	});
	await jest.isolateModulesAsync(async () => {
		jest.doMock('../nodes/SafePays/SafePays.node', () =>
			jest.requireActual<object>(join(folder, 'dist', 'nodes', 'SafePays', 'SafePays.node.js')),
		);
		const { execute } = jest.requireActual<typeof engine>('./engine');
		const workflow = safePaysWorkflow({ resource: 'invoice', operation: 'getStatus', invoiceId: id });
		const { items, error } = await execute(worldOf(sandboxOf()), workflow);
		expect(error).toBeUndefined();
		expect(items).toEqual([{ id, status: 'Invoice Created' }]);
	});
});
