import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { dirname, delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

import { N8nClient } from './client';
import { eventually } from './eventually';
import { Failure } from './failure';
import { findNodeForN8n } from './node';
import { n8nDir } from './paths';
import { findFreePort, isPortTaken } from './ports';

const BOOT_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;

/** What keeps n8n from calling out and from asking a first-time user questions. */
const QUIET = Object.fromEntries(
	[
		'N8N_DIAGNOSTICS_ENABLED',
		'N8N_VERSION_NOTIFICATIONS_ENABLED',
		'N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED',
		'N8N_TEMPLATES_ENABLED',
		'N8N_PERSONALIZATION_ENABLED',
		'N8N_DYNAMIC_BANNERS_ENABLED',
		'N8N_HIRING_BANNER_ENABLED',
		'N8N_VERIFIED_PACKAGES_ENABLED',
		'N8N_LICENSE_AUTO_RENEW_ENABLED',
	].map((name) => [name, 'false']),
);

/** Fetches a list of servers at every start. Older versions do not have it, and do not start with a name that they do not know. */
const CALLS_OUT = 'mcp-registry';

/** Variables of the caller's shell or test runner that would change how n8n behaves. */
const FOREIGN =
	/^(N8N_|DB_|EXECUTIONS_|QUEUE_|WEBHOOK_URL|OFFLOAD_|NODE_ENV$|NODE_OPTIONS$|NODE_PATH$|E2E_TESTS$|GENERIC_TIMEZONE$|npm_|JEST_|CREDENTIALS_)/i;

export interface N8nOptions {
	/** n8n keeps its data in `<userFolder>/.n8n`; starting again on the same folder continues there. */
	userFolder: string;
	/** A free one unless given. */
	port?: number;
	/** The address that webhooks are told to come in at; n8n's own unless given. */
	webhookUrl?: string;
	/** On top of what the harness sets, and stronger. `undefined` takes a variable away. */
	env?: NodeJS.ProcessEnv;
	/** What n8n writes is appended here too. */
	logFile?: string;
	/** For the Node.js that it runs on, such as `--expose-gc`; not for its task runners. */
	nodeOptions?: string[];
	/** `worker` and `webhook` are for queue mode; they take the settings for it from `env`. */
	command?: 'start' | 'webhook' | 'worker';
}

export interface RunningN8n {
	url: string;
	port: number;
	pid: number;
	/** All that it has written since it was started, without colours. */
	log(): string;
	/** Not logged in yet: see `setupOwner` and `login`. */
	rest: N8nClient;
	/** Resolves once the process has ended, however it did. */
	exited: Promise<void>;
	/** Ends it in good order, and by force if that takes more than 10 seconds. */
	stop(): Promise<void>;
	/** Sends a signal; `SIGKILL` reaches its task runners as well. */
	kill(signal: NodeJS.Signals): void;
	/** Resolves with the match once the log has it; rejects when n8n ends first or after `timeout` ms. */
	waitForLog(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
}

/**
 * Starts n8n and resolves when its REST API (a worker: its health check) answers. It ends with this
 * process at the latest. Rejects with a `Failure` that holds the end of n8n's log when it does not
 * come up.
 */
export async function startN8n(options: N8nOptions): Promise<RunningN8n> {
	const { userFolder, logFile, nodeOptions = [], command = 'start' } = options;
	const script = join(n8nDir, 'node_modules', 'n8n', 'bin', 'n8n');
	if (!existsSync(script)) {
		throw new Failure('n8n is not installed yet: run "npx tsx tools/harness/install.ts" first.');
	}
	// whatever has the port would be taken for the n8n that was started
	if (options.port && (await isPortTaken(options.port))) {
		throw new Failure(`Port ${options.port} for n8n is taken.`);
	}
	const port = options.port ?? (await findFreePort());
	const url = `http://127.0.0.1:${port}`;
	const node = findNodeForN8n();
	mkdirSync(userFolder, { recursive: true });

	const leash = pathToFileURL(join(__dirname, 'leash.ts')).href;
	const child = spawn(node, ['--import', leash, ...nodeOptions, script, command], {
		cwd: userFolder,
		env: {
			...environment(node, userFolder, url),
			N8N_PORT: String(port),
			N8N_RUNNERS_BROKER_PORT: String(await findFreePort()),
			...(command === 'worker' && {
				QUEUE_HEALTH_CHECK_ACTIVE: 'true',
				QUEUE_HEALTH_CHECK_PORT: String(port),
				N8N_WORKER_SERVER_ADDRESS: '127.0.0.1',
			}),
			...(options.webhookUrl && webhookUrl(options.webhookUrl)),
			...options.env,
		},
		stdio: ['pipe', 'pipe', 'pipe'],
		// a group of its own: Ctrl-C in the terminal must not reach it before `stop` does, and its
		// task runners can be ended with it
		detached: process.platform !== 'win32',
	});

	let log = '';
	const file = logFile ? openLog(logFile) : undefined;
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8');
		stream.on('data', (text: string) => {
			log += text;
			file?.write(text);
		});
	}
	// a dead n8n's pipe must not throw in here
	child.stdin.on('error', () => undefined);
	let spawnError: Error | undefined;
	const exited = new Promise<void>((resolve) => {
		child.once('exit', () => resolve());
		child.once('error', (error) => {
			spawnError = error;
			resolve();
		});
	}).then(() => {
		signalGroup(child, 'SIGKILL');
		file?.end();
	});
	const cleanLog = () => stripVTControlCharacters(log);

	const running: RunningN8n = {
		url,
		port,
		pid: child.pid ?? -1,
		log: cleanLog,
		rest: new N8nClient(url),
		exited,
		async stop() {
			child.kill('SIGTERM');
			const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_TIMEOUT_MS);
			await exited;
			clearTimeout(timer);
		},
		kill(signal) {
			if (signal === 'SIGKILL') signalGroup(child, signal);
			else child.kill(signal);
		},
		async waitForLog(pattern, timeout = 30_000) {
			const wanted = () => `${pattern} in n8n's log:\n${tail(cleanLog())}`;
			const look = () => {
				const match = pattern.exec(cleanLog());
				if (!match && hasEnded(child)) throw new Error(`n8n ended without ${wanted()}`);
				return match ?? undefined;
			};
			return await eventually(wanted, look, timeout);
		},
	};

	try {
		await ready(running, command, child, () => spawnError);
	} catch (error) {
		signalGroup(child, 'SIGKILL');
		await exited;
		throw error;
	}
	return running;
}

function environment(node: string, userFolder: string, url: string): NodeJS.ProcessEnv {
	return {
		...Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))),
		...notProxied(),
		...QUIET,
		...(existsSync(join(n8nDir, 'node_modules', 'n8n', 'dist', 'modules', CALLS_OUT)) && {
			N8N_DISABLED_MODULES: CALLS_OUT,
		}),
		// n8n starts its task runners with whatever "node" it finds there
		PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
		NO_COLOR: '1',
		N8N_USER_FOLDER: userFolder,
		N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: process.platform === 'win32' ? 'false' : 'true',
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		...webhookUrl(`${url}/`),
		N8N_EDITOR_BASE_URL: `${url}/`,
		N8N_SECURE_COOKIE: 'false',
		N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '8',
		// on a busy disk, n8n else takes its database for gone and answers nothing but 503
		DB_PING_INTERVAL_SECONDS: '3600',
	};
}

/** The second is the name for it since n8n 2. */
function webhookUrl(url: string): NodeJS.ProcessEnv {
	return { WEBHOOK_URL: url, N8N_WEBHOOK_URL: url };
}

/** What runs on this machine must not be asked for through a proxy that the user has set. */
function notProxied(): NodeJS.ProcessEnv {
	const list = [process.env.no_proxy ?? process.env.NO_PROXY, '127.0.0.1', 'localhost']
		.filter(Boolean)
		.join(',');
	return { NO_PROXY: list, no_proxy: list };
}

function openLog(logFile: string) {
	mkdirSync(dirname(logFile), { recursive: true });
	return createWriteStream(logFile, { flags: 'a' });
}

async function ready(
	{ url, log }: RunningN8n,
	command: N8nOptions['command'],
	child: ChildProcess,
	spawnError: () => Error | undefined,
): Promise<void> {
	const deadline = Date.now() + BOOT_TIMEOUT_MS;
	// n8n 1 is ready before its REST API is
	const signs = ['/healthz/readiness', ...(command === 'start' ? ['/rest/settings'] : [])];
	for (;;) {
		if (hasEnded(child) || spawnError()) {
			throw new Failure(
				`n8n did not start: ${spawnError()?.message ?? `it ended with ${child.exitCode ?? child.signalCode}`}. The end of its log:\n${tail(log())}`,
			);
		}
		const answers = await Promise.all(signs.map(async (path) => await isOk(`${url}${path}`)));
		if (answers.every(Boolean)) return;
		if (Date.now() > deadline) {
			throw new Failure(
				`n8n did not answer at ${url} within ${BOOT_TIMEOUT_MS / 1000} s. The end of its log:\n${tail(log())}`,
			);
		}
		await sleep(100);
	}
}

async function isOk(url: string): Promise<boolean> {
	return await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
		(response) => response.ok,
		() => false,
	);
}

function hasEnded(child: ChildProcess): boolean {
	return child.exitCode !== null || child.signalCode !== null;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
	if (child.pid === undefined) return;
	try {
		process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal);
	} catch {
		// nothing of it is left
	}
}

function tail(text: string): string {
	return text.trimEnd().split('\n').slice(-15).join('\n');
}
