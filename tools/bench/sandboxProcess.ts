import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Failure } from '../harness/failure';
import { projectDir } from '../harness/paths';
import { SandboxClient } from '../harness/sandbox-client';

const START_TIMEOUT_MS = 30_000;

/** The account that the sandbox opens unless told otherwise. */
const API_KEY = 'sandbox-key';

export interface SandboxProcess {
	url: string;
	apiKey: string;
	control: SandboxClient;
	stop(): Promise<void>;
}

/**
 * Starts a sandbox in a process of its own, so that its work is not counted as n8n's. It ends with
 * this process at the latest.
 *
 * @param flags as for `npm run sandbox`
 */
export async function startSandboxProcess(flags: string[] = []): Promise<SandboxProcess> {
	const leash = pathToFileURL(join(projectDir, 'tools', 'harness', 'leash.ts')).href;
	const child = spawn(
		process.execPath,
		['--import', 'tsx', '--import', leash, 'sandbox/cli.ts', '--port', '0', ...flags],
		// the leash ends the group that it is in
		{ cwd: projectDir, stdio: ['pipe', 'pipe', 'pipe'], detached: true },
	);
	child.stdin.on('error', () => undefined);
	const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	let output = '';
	const url = await new Promise<string>((resolve, reject) => {
		const fail = () => reject(new Failure(`The sandbox did not start: ${output}`));
		const timer = setTimeout(() => {
			child.kill('SIGKILL');
			fail();
		}, START_TIMEOUT_MS);
		const look = (text: Buffer) => {
			output += text.toString();
			const address = /listening at (\S+)/.exec(output)?.[1];
			if (!address) return;
			clearTimeout(timer);
			resolve(address);
		};
		child.stdout.on('data', look);
		child.stderr.on('data', look);
		void exited.then(() => {
			clearTimeout(timer);
			fail();
		});
	});
	return {
		url,
		apiKey: API_KEY,
		control: new SandboxClient(url),
		async stop() {
			child.kill('SIGTERM');
			await exited;
		},
	};
}
