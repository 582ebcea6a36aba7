import { execFileSync } from 'node:child_process';
import {
	appendFileSync,
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { projectDir } from '../tools/harness/paths';

// Types are checked, and Jest is started, in a copy of the repository.
jest.setTimeout(240_000);

const copy = mkdtempSync(join(tmpdir(), 'safepays-contributing-'));

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function runInCopy(command: string, ...parameters: string[]): string {
	return execFileSync(command, parameters, { cwd: copy, encoding: 'utf8', stdio: 'pipe' });
}

/** What runs the operation, and what looks at its place in the docs. */
const TESTS = ['test/nodes/SafePays/schemas.test.ts', 'test/docs.test.ts'];

/** The files that CONTRIBUTING.md adds to, with what it adds: each code block with a path before it. */
function readExample(): Array<{ path: string; code: string }> {
	const guide = readFileSync(join(projectDir, 'CONTRIBUTING.md'), 'utf8');
	const blocks = guide.matchAll(/^\*\*\d.*`([\w/.-]+)`:\n\n```\w+\n([^]*?)```$/gm);
	return [...blocks].map(([, path, code]) => ({ path, code }));
}

it('shows an operation that passes the checks when it is added as CONTRIBUTING.md says', () => {
	const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
		cwd: projectDir,
		encoding: 'utf8',
	});
	const present = listed.split('\n').filter((path) => existsSync(join(projectDir, path)));
	for (const path of present.filter(Boolean)) {
		cpSync(join(projectDir, path), join(copy, path));
	}
	symlinkSync(join(projectDir, 'node_modules'), join(copy, 'node_modules'), 'dir');
	const example = readExample();
	for (const { path, code } of example) {
		mkdirSync(dirname(join(copy, path)), { recursive: true });
		appendFileSync(join(copy, path), code);
	}
	const paths = example.map(({ path }) => path);
	expect(paths).toHaveLength(4);

	runInCopy('npm', 'run', 'docs');
	runInCopy('npx', 'tsc', '--noEmit', '-p', 'tsconfig.all.json');
	runInCopy('npx', 'eslint', '--max-warnings', '0', ...paths);
	runInCopy('npx', 'prettier', '--check', ...paths);
	runInCopy('npx', 'jest', '--selectProjects', 'n8n 2.41.1', '--runTestsByPath', ...TESTS);

	const readme = readFileSync(join(copy, 'README.md'), 'utf8');
	expect(readme).toContain('[Get Status](docs/operations.md#invoice--get-status)');
});
