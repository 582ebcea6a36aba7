import { Failure } from './failure';
import { projectDir } from './paths';
import { run } from './run';

/**
 * What went wrong in an npm command, as a person needs to hear it.
 *
 * @param doing what the command was for, such as "installing n8n"
 * @param output everything that npm said
 * @param logFile where that can be read
 */
export function createNpmFailure(doing: string, output: string, logFile: string): Failure {
	const reasons = [...output.matchAll(/^npm (?:error|ERR!) (?!code|errno|syscall| +at )(.*)$/gm)];
	const reason = reasons
		.slice(0, 2)
		.map(([, line]) => line)
		.join(' ');
	return new Failure(
		`npm failed while ${doing}: ${reason || 'it gave no reason'} (npm's log: ${logFile})`,
	);
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
	if (code !== 0) throw createNpmFailure(doing, output, logFile);
}
