import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

import { Failure, runCli } from './failure';
import { ensureNode, findNodeForN8n, findNodeHeaders } from './node';
import { checkRegistry, createNpmFailure } from './npm';
import { localDir, n8nDir, n8nDirIsOurs } from './paths';
import { Progress } from './progress';
import { run } from './run';

const GIB = 1024 ** 3;
const SPACE_NEEDED_GIB = 4;
const logFile = join(localDir, 'logs', 'install.log');

/** What node-gyp, make and the shell say when there is nothing to compile with. */
const TOOLS_MISSING =
	/ERR! find (Python|VS)|not found: make|xcode-select|\b(make|cc|gcc|c\+\+|g\+\+|clang\+\+): (command )?(not found|No such file)/;

interface Stamp {
	/** SHA-256 of the lockfile that `node_modules` was installed from. */
	lock: string;
	/** The system that SQLite's driver was built for; absent as long as it is not built. */
	builtFor?: string;
}

/**
 * Makes sure that the n8n to be run is installed: about 5 minutes and 2.7 GB the first time, a few
 * milliseconds afterwards. Rejects with a `Failure` that says what to do.
 */
export async function ensureInstalled(): Promise<void> {
	if (n8nDirIsOurs) {
		await installFromLock(n8nDir);
		return;
	}
	if (!existsSync(join(n8nDir, 'node_modules', 'n8n', 'bin', 'n8n'))) {
		throw new Failure(`SAFEPAYS_E2E_N8N_DIR is ${n8nDir}, but there is no node_modules/n8n in it.`);
	}
	await ensureNode();
}

/**
 * Makes sure that the n8n which a folder's package-lock.json names is installed in it and ready to
 * be run. Rejects with a `Failure`.
 */
export async function installFromLock(dir: string): Promise<void> {
	const lockFile = readFileSync(join(dir, 'package-lock.json'));
	const lock = createHash('sha256').update(lockFile).digest('hex');
	const stamp = readStamp(dir);
	if (stamp?.lock === lock && stamp.builtFor === system() && hasNode(dir)) return;

	const progress = new Progress('Installing n8n (about 5 minutes the first time, 2.7 GB)');
	try {
		if (stamp?.lock !== lock) await checkSpace(dir);
		progress.step('getting its Node.js');
		const node = await ensureNode(dir);
		if (stamp?.lock !== lock) {
			progress.step('checking that the npm registry answers');
			await checkRegistry('installing n8n', logFile);
			progress.step('downloading and unpacking its packages');
			await installPackages(dir);
			writeStamp(dir, { lock });
		}
		progress.step("building SQLite's driver");
		await buildSqlite(dir, node);
		writeStamp(dir, { lock, builtFor: system() });
	} catch (error) {
		progress.stop();
		throw error;
	}
	progress.stop('n8n is installed.');
}

function system(): string {
	return `${process.platform}-${process.arch}`;
}

function hasNode(dir: string): boolean {
	try {
		return existsSync(findNodeForN8n(dir));
	} catch {
		return false;
	}
}

function stampFile(dir: string): string {
	return join(dir, 'node_modules', '.safepays-e2e.json');
}

function readStamp(dir: string): Stamp | undefined {
	const file = stampFile(dir);
	return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Stamp) : undefined;
}

function writeStamp(dir: string, stamp: Stamp): void {
	writeFileSync(stampFile(dir), JSON.stringify(stamp));
}

async function checkSpace(dir: string): Promise<void> {
	const { bavail, bsize } = await statfs(dir);
	const free = (bavail * bsize) / GIB;
	if (free < SPACE_NEEDED_GIB) {
		throw new Failure(
			`Not enough disk space to install n8n: ${dir} has ${free.toFixed(1)} GB free, ${SPACE_NEEDED_GIB} GB are needed.`,
		);
	}
}

async function installPackages(dir: string): Promise<void> {
	// most of n8n's dependencies have no script that it needs, and one has a script that fails
	const { code, output } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
		cwd: dir,
		logFile,
	});
	if (code !== 0) throw createNpmFailure('installing n8n', output, logFile);
}

async function buildSqlite(dir: string, node: string): Promise<void> {
	if (await loadsSqlite(dir, node)) return;
	const headers = findNodeHeaders(node);
	const { output } = await run('npm', ['rebuild', 'sqlite3'], {
		cwd: dir,
		logFile,
		env: {
			...process.env,
			PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
			...(headers && { npm_config_nodedir: headers }),
			npm_config_ignore_scripts: 'false',
		},
	});
	if (await loadsSqlite(dir, node)) return;
	if (TOOLS_MISSING.test(output)) {
		throw new Failure(
			`n8n's SQLite driver has to be compiled here, which takes a C++ compiler, make and Python 3: install them (Debian, Ubuntu: "apt-get install build-essential python3"; macOS: "xcode-select --install") and try again. (log: ${logFile})`,
		);
	}
	throw createNpmFailure("building n8n's SQLite driver", output, logFile);
}

async function loadsSqlite(dir: string, node: string): Promise<boolean> {
	const { code } = await run(node, ['-e', "require('sqlite3')"], { cwd: dir, logFile });
	return code === 0;
}

if (require.main === module) runCli(ensureInstalled);
