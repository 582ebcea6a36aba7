import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { dependencies as pinned } from '../n8n/package.json';
import { Failure } from './failure';
import { installFromLock } from './install';
import { checkRegistry, createNpmFailure } from './npm';
import { localDir, pinnedN8nDir } from './paths';
import { Progress } from './progress';
import { run } from './run';

const DAY_MS = 86_400_000;
/** How long after a version of n8n its dependencies are looked at: it and its parts are published over hours. */
const SETTLED_DAYS = 3;

const logFile = join(localDir, 'logs', 'install-version.log');

/**
 * Makes sure that a version of n8n is installed in a folder of its own: some minutes and about 3 GB
 * the first time, a few milliseconds afterwards.
 *
 * @param version such as "2.35.3"
 * @param before the day (YYYY-MM-DD) as of which its dependencies are chosen; three days after the
 *   version's release unless given
 * @returns the folder, for `SAFEPAYS_E2E_N8N_DIR`. Rejects with a `Failure`.
 */
export async function ensureVersionInstalled(version: string, before?: string): Promise<string> {
	const dir = version === pinned.n8n ? pinnedN8nDir : join(localDir, 'n8n', version);
	if (!existsSync(join(dir, 'package-lock.json'))) await lockDependencies(dir, version, before);
	await installFromLock(dir);
	return dir;
}

/** The version that n8n recommends: the one that npm installs unless told otherwise. */
export async function latestVersion(): Promise<string> {
	const { output } = await run('npm', ['view', 'n8n', 'version', '--loglevel=silent'], {
		cwd: pinnedN8nDir,
		logFile,
	});
	return output.trim();
}

/** Has npm choose the versions of all dependencies, as they were in that version's own days. */
async function lockDependencies(dir: string, version: string, before?: string): Promise<void> {
	const doing = `choosing the dependencies of n8n ${version}`;
	await checkRegistry(doing, logFile);
	const day = before ?? (await settledDay(version));
	mkdirSync(dir, { recursive: true });
	writeFileSync(join(dir, 'package.json'), manifestFor(version));
	const progress = new Progress(`n8n ${version}`);
	progress.step(`choosing its dependencies as of ${day}`);
	const { code, output } = await run(
		'npm',
		[
			'install',
			'--package-lock-only',
			'--ignore-scripts',
			'--no-audit',
			'--no-fund',
			`--before=${day}`,
		],
		{ cwd: dir, logFile },
	);
	progress.stop();
	if (code !== 0) throw createNpmFailure(doing, output, logFile);
}

function manifestFor(version: string): string {
	return JSON.stringify({
		name: 'n8n-nodes-safepays-n8n',
		version: '0.0.0',
		private: true,
		dependencies: { n8n: version },
		// Older ones fetch it, for spreadsheets, from its makers' server instead of the registry.
		overrides: { xlsx: '0.18.5' },
	});
}

async function settledDay(version: string): Promise<string> {
	const { output } = await run('npm', ['view', 'n8n', 'time', '--json', '--loglevel=silent'], {
		cwd: pinnedN8nDir,
		logFile,
	});
	const times = JSON.parse(output) as Record<string, string>;
	if (!Object.hasOwn(times, version)) {
		throw new Failure(`The npm registry has no n8n ${version}.`);
	}
	const settled = new Date(times[version]).getTime() + SETTLED_DAYS * DAY_MS;
	return new Date(settled).toISOString().slice(0, 10);
}
