import { createHash } from 'node:crypto';
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';

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
export async function packPackage(): Promise<string> {
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
 *
 * @param tarball of another version, say; the current sources unless given
 */
export async function installPackage(userFolder: string, tarball?: string): Promise<void> {
	const source = tarball ?? (await packPackage());
	const target = installedDir(userFolder);
	const stampFile = stampFileOf(userFolder);
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

/** Where an n8n with this user folder loads the package from. */
export function installedDir(userFolder: string): string {
	return join(userFolder, '.n8n', 'nodes', 'node_modules', PACKAGE);
}

/** To be called before what is installed there is changed: `installPackage` then puts it in anew. */
export function willChange(userFolder: string): void {
	rmSync(stampFileOf(userFolder), { force: true });
}

/** Says which package is installed. */
function stampFileOf(userFolder: string): string {
	return join(userFolder, '.n8n', 'nodes', `.${PACKAGE}`);
}

function filesIn(path: string): string[] {
	if (!existsSync(path)) return [];
	if (!statSync(path).isDirectory()) return [path];
	return readdirSync(path)
		.sort()
		.flatMap((name) => filesIn(join(path, name)));
}
