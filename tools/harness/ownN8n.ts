import { join } from 'node:path';

import type { Sandbox, SandboxOptions } from '../../sandbox';
import { startSandbox } from '../../sandbox';
import { Cleanup } from './cleanup';
import { N8nClient } from './client';
import type { N8nOptions, RunningN8n } from './n8n';
import { startN8n } from './n8n';
import { createUserFolder } from './package';
import { localDir } from './paths';
import { findFreePort } from './ports';

/** An n8n with the package in it, and a SafePays, of one's own: it may be stopped, killed and started again. */
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
	/** The process, as it was started the last time. */
	readonly n8n: RunningN8n;
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
 * @param name of the log, `.n8n-local/logs/<name>-n8n.log`
 * @param options `port`, `env` and `nodeOptions` of n8n; `sandbox`: what SafePays is like; `cleanup`:
 *   what ends it as well
 */
export async function startOwnN8n(
	name: string,
	options: Pick<N8nOptions, 'port' | 'env' | 'nodeOptions'> & {
		sandbox?: SandboxOptions;
		cleanup?: Cleanup;
	} = {},
): Promise<OwnN8n> {
	const { env, nodeOptions, cleanup = new Cleanup() } = options;
	try {
		const userFolder = await createUserFolder(name, cleanup);
		const sandbox = await startSandbox(options.sandbox);
		cleanup.add(async () => await sandbox.close());
		const port = options.port ?? (await findFreePort());
		const logFile = join(localDir, 'logs', `${name}-n8n.log`);
		const start = async () => await startN8n({ userFolder, port, logFile, env, nodeOptions });
		let n8n = await start();
		cleanup.add(async () => await n8n.stop());

		await n8n.rest.setupOwner();
		const client = new N8nClient(n8n.url, n8n.rest.cookie);
		const credential = await client.createSandboxCredential(sandbox);
		return {
			url: n8n.url,
			client,
			sandbox,
			userFolder,
			credentialId: credential.id,
			get n8n() {
				return n8n;
			},
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
