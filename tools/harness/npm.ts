import { join } from 'node:path';

import { Failure } from './failure';
import { localDir, projectDir } from './paths';
import { run } from './run';

const UNREACHABLE =
	/\b(ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/;

/**
 * What went wrong in an npm command, as a person needs to hear it.
 *
 * @param doing what the command was for, such as "installing n8n"
 * @param output everything that npm said
 * @param logFile where that can be read
 */
export async function npmFailure(doing: string, output: string, logFile: string): Promise<Failure> {
	const see = `(npm's log: ${logFile})`;
	if (/\bENOSPC\b|no space left on device/i.test(output)) {
		return new Failure(`The disk filled up while ${doing}: free some space and try again. ${see}`);
	}
	if (UNREACHABLE.test(output)) {
		return new Failure(
			`The npm registry ${await registry()} could not be reached while ${doing}: check the network, the proxy and "npm config get registry", then try again. ${see}`,
		);
	}
	const lastError = output
		.split('\n')
		.filter((line) => /^npm (error|ERR!) /.test(line) && !/complete log|debug-0\.log/.test(line))
		.map((line) => line.replace(/^npm (error|ERR!) /, ''))
		.slice(0, 2)
		.join(' ');
	return new Failure(`npm failed while ${doing}: ${lastError || 'it gave no reason'} ${see}`);
}

/**
 * Rejects with a `Failure` within seconds when the registry does not answer; npm itself goes on
 * trying for minutes, and then takes a missing optional package for none at all.
 *
 * @param doing what it is needed for, such as "installing n8n"
 */
export async function checkRegistry(doing: string, logFile: string): Promise<void> {
	const { code, output } = await run(
		'npm',
		['view', 'flatted', 'version', '--fetch-retries=0', '--fetch-timeout=20000'],
		{ cwd: projectDir, logFile },
	);
	if (code === 127) throw new Failure(`npm is needed for ${doing}, and it is not on the PATH.`);
	if (code !== 0) throw await npmFailure(doing, output, logFile);
}

async function registry(): Promise<string> {
	const { output } = await run('npm', ['config', 'get', 'registry'], {
		cwd: projectDir,
		logFile: join(localDir, 'logs', 'install-registry.log'),
	});
	return /https?:\/\/\S+/.exec(output)?.[0] ?? '';
}
