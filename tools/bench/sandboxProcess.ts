import { projectDir } from '../harness/paths';
import { findFreePort } from '../harness/ports';
import { SandboxClient } from '../harness/sandbox-client';
import { startService } from '../harness/service';

/** The account that the sandbox opens unless told otherwise. */
const API_KEY = 'sandbox-key';

export interface SandboxProcess {
	url: string;
	apiKey: string;
	control: SandboxClient;
	stop(): Promise<void>;
}

/**
 * Starts a sandbox in a process of its own, so that its work is not counted as n8n's.
 *
 * @param flags as for `npm run sandbox`
 */
export async function startSandboxProcess(flags: string[]): Promise<SandboxProcess> {
	const port = await findFreePort();
	const stop = await startService({
		name: 'bench-sandbox',
		program: process.execPath,
		args: ['--import', 'tsx', 'sandbox/cli.ts', '--port', String(port), ...flags],
		cwd: projectDir,
		ready: /listening at/,
		stopSignal: 'SIGTERM',
	});
	const url = `http://127.0.0.1:${port}`;
	return { url, apiKey: API_KEY, control: new SandboxClient(url), stop };
}
