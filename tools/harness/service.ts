import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { Failure } from './failure';
import { findNodeForN8n } from './node';
import { localDir } from './paths';

const START_TIMEOUT_MS = 60_000;

/** A program that ends with the process that started it. */
export interface Leashed {
	program: string;
	args: string[];
	/** Makes it end at once and leave nothing behind. */
	stopSignal: NodeJS.Signals;
	/** The user to run it as, where this process may choose. */
	user?: { uid: number; gid: number };
}

interface ServiceOptions extends Leashed {
	/** For people, and of the log in `.n8n-local/logs`. */
	name: string;
	cwd: string;
	/** What it writes, in English, once it can be used. */
	ready: RegExp;
}

/**
 * Starts a program and resolves once it can be used. It ends with this process at the latest.
 *
 * @returns what ends it. Rejects with a `Failure` that holds the end of its log when it does not come up.
 */
export async function startService(options: ServiceOptions): Promise<() => Promise<void>> {
	const { name, cwd, ready, program, args, stopSignal, user } = options;
	const leashed: Leashed = { program, args, stopSignal, user };
	const child = spawn(findNodeForN8n(), [join(__dirname, 'leashed.ts'), JSON.stringify(leashed)], {
		cwd,
		env: { ...process.env, LC_ALL: 'C' },
		stdio: ['pipe', 'pipe', 'pipe'],
		// Ctrl-C in the terminal must not reach it before the pipe is closed
		detached: true,
	});
	// a dead service's pipe must not throw in here
	child.stdin.on('error', () => undefined);
	const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
	mkdirSync(join(localDir, 'logs'), { recursive: true });
	const file = createWriteStream(join(localDir, 'logs', `${name}.log`));
	let log = '';
	const stop = async () => {
		child.stdin.end();
		await exited;
	};

	const started = new Promise<boolean>((resolve) => {
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding('utf8').on('data', (text: string) => {
				file.write(text);
				log = (log + text).slice(-10_000);
				if (ready.test(log)) resolve(true);
			});
		}
		const timer = setTimeout(() => resolve(false), START_TIMEOUT_MS);
		void exited.then(() => {
			clearTimeout(timer);
			file.end();
			resolve(false);
		});
	});
	if (await started) return stop;
	await stop();
	const lines = log.trimEnd().split('\n').slice(-10).join('\n');
	throw new Failure(`${name} did not start. The end of its log:\n${lines}`);
}
