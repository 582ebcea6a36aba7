import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const projectDir = join(__dirname, '..', '..');

const run = promisify(execFile);

/** Unpacks into `folder/package` what `npm pack` ships of what `npm run build` has made, and resolves with its path. */
export async function unpackPackage(folder: string): Promise<string> {
	const unpacked = join(folder, 'package');
	await mkdir(unpacked);
	await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: projectDir });
	const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) as string;
	await run('tar', ['-xzf', join(folder, tarball), '-C', folder]);
	return unpacked;
}
