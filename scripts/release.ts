import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

import { Failure, runCli } from '../e2e/harness/failure';
import { released, unreleased } from './changelog';

const HELP = `Makes a release of what is on the branch main: a version, a commit and a tag, on this machine only.

  npm run release -- patch          (or minor, major, or a version such as 1.2.0)

docs/releasing.md says which of them it has to be.
`;

const FILES = ['CHANGELOG.md', 'package.json', 'package-lock.json'];

function git(...args: string[]): string {
	return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

function npm(args: string[], stdio: 'inherit' | 'pipe'): void {
	// npm is a batch file there, which only a shell can run
	execFileSync('npm', args, { stdio, shell: process.platform === 'win32' });
}

/** @throws Failure for anything but a step up from `current`; the first release may keep its number */
function nextVersion(current: string, wanted: string): string {
	const [major, minor, patch] = current.split('.').map(Number);
	if (wanted === 'major') return `${major + 1}.0.0`;
	if (wanted === 'minor') return `${major}.${minor + 1}.0`;
	if (wanted === 'patch') return `${major}.${minor}.${patch + 1}`;
	if (!/^\d+\.\d+\.\d+$/.test(wanted)) {
		throw new Failure(`"${wanted}" is no version: say patch, minor, major, or a version such as 1.2.0.`);
	}
	if (wanted.localeCompare(current, 'en', { numeric: true }) < 0) {
		throw new Failure(`${wanted} is lower than the version that is there, ${current}.`);
	}
	return wanted;
}

/** @throws Failure if this is not the moment for a release */
function check(version: string, changelog: string): void {
	const branch = git('branch', '--show-current');
	if (branch !== 'main') throw new Failure(`Releases are made of the branch main; this is "${branch}".`);
	const changes = git('status', '--porcelain');
	if (changes) throw new Failure(`Commit, or put away, what is not committed yet:\n${changes}`);
	if (!unreleased(changelog)) {
		throw new Failure('The section "Unreleased" of CHANGELOG.md is empty: say there what has changed.');
	}
	if (git('tag', '--list', `v${version}`)) {
		throw new Failure(`There is a tag v${version} already: that version has been released.`);
	}
}

function test(): void {
	try {
		npm(['test'], 'inherit');
	} catch {
		throw new Failure('"npm test" failed: nothing was changed.');
	}
}

function main(): void {
	const [wanted] = process.argv.slice(2);
	if (!wanted || wanted === '--help' || wanted === '-h') {
		process.stdout.write(HELP);
		if (!wanted) process.exitCode = 1;
		return;
	}
	const { version: current } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
	const changelog = readFileSync('CHANGELOG.md', 'utf8');
	const version = nextVersion(current, wanted);
	check(version, changelog);
	test();

	const today = new Date().toISOString().slice(0, 10);
	writeFileSync('CHANGELOG.md', released(changelog, version, today));
	// the first release keeps the version that package.json has had all along
	npm(['version', version, '--no-git-tag-version', '--allow-same-version', '--ignore-scripts'], 'pipe');
	git('add', ...FILES);
	git('commit', '--message', `Release ${version}`);
	git('tag', '--annotate', `v${version}`, '--message', version);
	console.log(`
Version ${version} is committed and tagged here; nothing has left this machine yet.

  git show v${version}                          look at it
  git push --atomic origin main v${version}     let GitHub test and publish it
  git tag -d v${version} && git reset HEAD~1    take it back, as long as it is not pushed
`);
}

runCli(async () => await Promise.resolve(main()));
