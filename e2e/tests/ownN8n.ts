import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Sandbox, SandboxOptions } from '../../sandbox';
import { startSandbox } from '../../sandbox';
import { Cleanup } from '../harness/cleanup';
import { N8nClient } from '../harness/client';
import type { RunningN8n } from '../harness/n8n';
import { startN8n } from '../harness/n8n';
import { installPackage } from '../harness/package';
import { localDir } from '../harness/paths';
import { freePort } from '../harness/ports';

/** An n8n with the package in it, and a SafePays, of a test's own: it may be stopped, killed and started again. */
export interface OwnN8n {
	/** The same after a restart: waiting executions and triggers have given it away. */
	readonly url: string;
	/** Signed in as the owner, also after a restart. */
	readonly client: N8nClient;
	readonly sandbox: Sandbox;
	/** Where n8n keeps all that it keeps. */
	readonly userFolder: string;
	/** Of a `safePaysApi` credential for the sandbox. */
	readonly credentialId: string;
	/** What n8n has written since it was started the last time. */
	log(): string;
	/** Starts n8n again, with all that it has kept. */
	start(): Promise<void>;
	/** Ends n8n in good order. */
	stop(): Promise<void>;
	/** Ends n8n in the middle of whatever it does, as `kill -9`, a crash or a power cut does. */
	kill(): Promise<void>;
	/** Stops everything and deletes what it has kept. */
	close(): Promise<void>;
}

/**
 * @param name of the log in `.n8n-local/logs`
 * @param options `env`: on top of what the harness sets; `sandbox`: what SafePays is like
 */
export async function startOwnN8n(
	name: string,
	options: { env?: NodeJS.ProcessEnv; sandbox?: SandboxOptions } = {},
): Promise<OwnN8n> {
	const cleanup = new Cleanup();
	try {
		const userFolder = mkdtempSync(join(tmpdir(), `safepays-${name}-`));
		cleanup.add(() => rmSync(userFolder, { recursive: true, force: true }));
		await installPackage(userFolder);
		const sandbox = await startSandbox(options.sandbox);
		cleanup.add(async () => await sandbox.close());
		const port = await freePort();
		const logFile = join(localDir, 'logs', `e2e-${name}.log`);
		const start = async () => await startN8n({ userFolder, port, logFile, env: options.env });
		let n8n: RunningN8n = await start();
		cleanup.add(async () => await n8n.stop());

		await n8n.rest.setupOwner();
		const client = new N8nClient(n8n.url, n8n.rest.cookie);
		const credential = await client.createCredential({
			name: 'SafePays sandbox',
			type: 'safePaysApi',
			data: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
		});
		return {
			url: n8n.url,
			client,
			sandbox,
			userFolder,
			credentialId: credential.id,
			log: () => n8n.log(),
			start: async () => {
				n8n = await start();
			},
			stop: async () => await n8n.stop(),
			kill: async () => {
				n8n.kill('SIGKILL');
				await n8n.exited;
			},
			close: async () => await cleanup.run(),
		};
	} catch (error) {
		await cleanup.run();
		throw error;
	}
}

/** Resolves with what `look` finds; rejects when it finds nothing for so many milliseconds. */
export async function eventually<T>(
	what: string,
	look: () => T | undefined | Promise<T | undefined>,
	timeout = 30_000,
): Promise<T> {
	const deadline = Date.now() + timeout;
	for (;;) {
		const found = await look();
		if (found !== undefined) return found;
		if (Date.now() > deadline) throw new Error(`Waited ${timeout} ms for ${what}`);
		await sleep(50);
	}
}

export interface Answer {
	status: number;
	body: unknown;
}

/** Posts JSON to an address of n8n. */
export async function post(url: string, body: object): Promise<Answer> {
	const response = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	const text = await response.text();
	try {
		return { status: response.status, body: JSON.parse(text) as unknown };
	} catch {
		return { status: response.status, body: text };
	}
}
