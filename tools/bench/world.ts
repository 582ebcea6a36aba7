import { join } from 'node:path';

import { Cleanup } from '../harness/cleanup';
import { startN8n, type RunningN8n } from '../harness/n8n';
import { createUserFolder } from '../harness/package';
import { localDir } from '../harness/paths';
import { startSandboxProcess, type SandboxProcess } from './sandboxProcess';

const logFile = join(localDir, 'logs', 'bench-n8n.log');

/** What a benchmark is given. */
export interface Settings {
	/** A small run, to see that everything works; its figures mean nothing. */
	quick: boolean;
	/** What has to be ended when the program is, however it is. */
	cleanup: Cleanup;
	/** Says what is being done. */
	step: (doing: string) => void;
}

/** Does some work with things that are ended after it, also when the program is ended in the middle. */
export async function using<T>(
	settings: Settings,
	work: (cleanup: Cleanup) => Promise<T>,
): Promise<T> {
	const cleanup = new Cleanup();
	settings.cleanup.add(async () => await cleanup.run());
	try {
		return await work(cleanup);
	} finally {
		await cleanup.run();
	}
}

/**
 * A fresh n8n with the packed package in it, as a user's n8n holds it.
 *
 * @param options `env`: on top of n8n's defaults; `prepare`: puts more into its user folder
 */
export async function startFreshN8n(
	settings: Settings,
	cleanup: Cleanup,
	options: { env?: NodeJS.ProcessEnv; prepare?: (userFolder: string) => void } = {},
): Promise<RunningN8n> {
	settings.step('starting n8n');
	const userFolder = await createUserFolder('bench', cleanup);
	options.prepare?.(userFolder);
	const n8n = await startN8n({ userFolder, logFile, env: options.env });
	cleanup.add(async () => await n8n.stop());
	await n8n.rest.setupOwner();
	return n8n;
}

/** A sandbox of its own process, and the ID of a credential for it in an n8n. */
export async function startSandboxFor(
	n8n: RunningN8n,
	cleanup: Cleanup,
	flags: string[],
): Promise<{ sandbox: SandboxProcess; credential: string }> {
	const sandbox = await startSandboxProcess(flags);
	cleanup.add(async () => await sandbox.stop());
	const { id } = await n8n.rest.createSandboxCredential(sandbox, `Sandbox at ${sandbox.url}`);
	return { sandbox, credential: id };
}
