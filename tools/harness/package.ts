import { createHash } from 'node:crypto';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';

import type { Cleanup } from './cleanup';
import { Failure } from './failure';
import { localDir, projectDir } from './paths';
import { run } from './run';

const PACKAGE = 'n8n-nodes-safepays';
const tarballsDir = join(localDir, 'package');
const logFile = join(localDir, 'logs', 'package.log');

/** What the package is built from, and what `npm pack` ships besides. */
const SOURCES = [
	'credentials',
	'icons',
	'nodes',
	'gulpfile.js',
	'index.js',
	'LICENSE',
	'package.json',
	'README.md',
	'tsconfig.json',
];

/**
 * Builds and packs this package as it would be published. Sources that have been packed before are
 * not packed again.
 *
 * @returns the tarball's path. Rejects with a `Failure` when the build fails.
 */
async function packPackage(): Promise<string> {
	const hash = createHash('sha256');
	for (const file of SOURCES.flatMap((name) => filesIn(join(projectDir, name)))) {
		hash.update(relative(projectDir, file)).update('\0').update(readFileSync(file)).update('\0');
	}
	const tarball = join(tarballsDir, `${PACKAGE}-${hash.digest('hex').slice(0, 16)}.tgz`);
	if (existsSync(tarball)) return tarball;

	const packed = join(tarballsDir, `packing-${process.pid}`);
	mkdirSync(packed, { recursive: true });
	try {
		// .npmrc keeps npm from building before it packs
		const built = await run('npm', ['run', 'build'], { cwd: projectDir, logFile });
		const pack = ['pack', '--ignore-scripts', '--pack-destination', packed];
		const { code } =
			built.code === 0 ? await run('npm', pack, { cwd: projectDir, logFile }) : built;
		const [file] = readdirSync(packed);
		if (code !== 0 || !file) {
			throw new Failure(
				`The package could not be built and packed: see ${logFile}, or run "npm run build".`,
			);
		}
		// in one step, so that a tarball that is there is whole
		renameSync(join(packed, file), tarball);
	} finally {
		rmSync(packed, { recursive: true, force: true });
	}
	return tarball;
}

/**
 * Puts a packed package where an n8n with this user folder loads it from. Nothing is done when it
 * is there already.
 */
export async function installPackage(userFolder: string): Promise<void> {
	const source = await packPackage();
	const target = installedDir(userFolder);
	const stampFile = getStampFile(userFolder);
	const stamp = `${basename(source)} ${statSync(source).mtimeMs}`;
	if (existsSync(target) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp)
		return;

	rmSync(target, { recursive: true, force: true });
	mkdirSync(target, { recursive: true });
	const { code } = await run('tar', ['-xzf', source, '-C', target, '--strip-components=1'], {
		cwd: projectDir,
		logFile,
	});
	if (code !== 0) throw new Failure(`${source} could not be unpacked: see ${logFile}.`);
	writeFileSync(stampFile, stamp);
}

/** Makes a user folder for a new n8n, with the package in it; it goes with all that n8n keeps there. */
export async function createUserFolder(name: string, cleanup: Cleanup): Promise<string> {
	const userFolder = mkdtempSync(join(tmpdir(), `safepays-${name}-`));
	cleanup.add(() => rmSync(userFolder, { recursive: true, force: true }));
	await installPackage(userFolder);
	return userFolder;
}

/** Where an n8n with this user folder loads the package from. */
export function installedDir(userFolder: string): string {
	return join(userFolder, '.n8n', 'nodes', 'node_modules', PACKAGE);
}

/** To be called before what is installed there is changed: `installPackage` then puts it in anew. */
export function willChange(userFolder: string): void {
	rmSync(getStampFile(userFolder), { force: true });
}

/** Says which package is installed. */
function getStampFile(userFolder: string): string {
	return join(userFolder, '.n8n', 'nodes', `.${PACKAGE}`);
}

function filesIn(path: string): string[] {
	if (!existsSync(path)) return [];
	if (!statSync(path).isDirectory()) return [path];
	return readdirSync(path)
		.sort()
		.flatMap((name) => filesIn(join(path, name)));
}
