import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { projectDir } from './support/packed';

jest.setTimeout(120_000);

const CHANGELOG = `# Changelog

## [Unreleased]

### Added

- A thing.

## [1.2.3] - 2026-01-01

### Fixed

- Another thing.
`;

let folder: string;
let repository: string;

const env = {
	...process.env,
	GIT_CONFIG_GLOBAL: join(tmpdir(), 'there-is-no-such-file'),
	GIT_CONFIG_NOSYSTEM: '1',
	GIT_AUTHOR_NAME: 'Ada',
	GIT_AUTHOR_EMAIL: 'ada@example.com',
	GIT_COMMITTER_NAME: 'Ada',
	GIT_COMMITTER_EMAIL: 'ada@example.com',
};

function git(...args: string[]): string {
	return execFileSync('git', args, { cwd: repository, env, encoding: 'utf8' }).trim();
}

function write(name: string, content: string | object): void {
	const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
	writeFileSync(join(repository, name), text);
}

const read = (name: string) => readFileSync(join(repository, name), 'utf8');

function commit(message = 'Change something'): void {
	git('add', '--all');
	git('commit', '--quiet', '--message', message);
}

/** Runs the script as `npm run release -- <args>` does. */
function release(...args: string[]) {
	const tsx = join(projectDir, 'node_modules', 'tsx', 'dist', 'cli.mjs');
	const script = join(projectDir, 'scripts', 'release.ts');
	const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, script, ...args], {
		cwd: repository,
		env,
		encoding: 'utf8',
	});
	return { status, output: stdout + stderr };
}

const packageJson = (test: string) => ({ name: 'a-package', version: '1.2.3', scripts: { test } });

/** What a release would change, and what must stay as it is when there is none. */
const state = () => ({ head: git('rev-parse', 'HEAD'), tags: git('tag'), status: git('status', '--porcelain') });

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'safepays-release-'));
	repository = join(folder, 'repository');
	mkdirSync(repository);
	git('init', '--quiet', '--initial-branch', 'main');
	git('init', '--quiet', '--bare', join(folder, 'origin.git'));
	git('remote', 'add', 'origin', join(folder, 'origin.git'));
	write('CHANGELOG.md', CHANGELOG);
	write('package.json', packageJson("node -e \"require('fs').writeFileSync('../tested', '')\""));
	const { name, version } = packageJson('');
	write('package-lock.json', { name, version, lockfileVersion: 3, packages: { '': { name, version } } });
	commit();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([
	['patch', '1.2.4'],
	['minor', '1.3.0'],
	['major', '2.0.0'],
	['1.10.0', '1.10.0'],
	// a first release may keep the version that is there
	['1.2.3', '1.2.3'],
])('"%s" commits and tags version %s, and pushes nothing', (wanted, version) => {
	const { head } = state();
	const { status, output } = release(wanted);
	expect(output).toContain(`Version ${version} is committed and tagged`);
	expect(status).toBe(0);
	expect(readFileSync(join(folder, 'tested'), 'utf8')).toBe('');

	expect(git('log', '--format=%s', `${head}..HEAD`)).toBe(`Release ${version}`);
	expect(git('rev-parse', `v${version}^{commit}`)).toBe(git('rev-parse', 'HEAD'));
	expect(git('cat-file', '-t', `v${version}`)).toBe('tag');
	expect(git('status', '--porcelain')).toBe('');
	expect(git('ls-remote', 'origin')).toBe('');

	expect(JSON.parse(read('package.json'))).toMatchObject({ version });
	expect(JSON.parse(read('package-lock.json'))).toMatchObject({ version, packages: { '': { version } } });
	const today = new Date().toISOString().slice(0, 10);
	const heading = `## [Unreleased]\n\n## [${version}] - ${today}\n`;
	expect(read('CHANGELOG.md')).toBe(CHANGELOG.replace('## [Unreleased]\n', heading));
});

it.each<[string, () => void, string, RegExp]>([
	['a change that is not committed', () => write('package.json', packageJson('true')), 'patch', /not committed yet:\s+M package\.json/],
	['a file that git does not know', () => write('new', ''), 'patch', /not committed yet:\s+\?\? new/],
	['another branch', () => git('checkout', '--quiet', '-b', 'feature'), 'patch', /branch main; this is "feature"/],
	[
		'a changelog that says nothing new',
		() => {
			write('CHANGELOG.md', CHANGELOG.replace('- A thing.\n', ''));
			commit();
		},
		'patch',
		/"Unreleased" of CHANGELOG\.md is empty/,
	],
	[
		'a test that fails',
		() => {
			write('package.json', packageJson('node -e "process.exit(1)"'));
			commit();
		},
		'patch',
		/"npm test" failed: nothing was changed/,
	],
	['a version that has been released', () => git('tag', 'v1.2.4'), 'patch', /tag v1\.2\.4 already/],
	['a lower version', () => undefined, '1.1.9', /lower than the version that is there, 1\.2\.3/],
	['a version that is none', () => undefined, 'next', /"next" is no version/],
])('refuses %s', (_what, prepare, wanted, reason) => {
	prepare();
	const before = state();
	const { status, output } = release(wanted);
	expect(output).toMatch(reason);
	expect(status).toBe(1);
	expect(state()).toEqual(before);
});

it('says how it is used when it is not told what to release', () => {
	const { status, output } = release();
	expect(output).toContain('npm run release -- patch');
	expect(status).toBe(1);
});
