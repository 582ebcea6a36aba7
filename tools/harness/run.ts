import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface CommandOptions {
	cwd: string;
	/** Everything that the command says goes to this file, after what is in it already. */
	logFile: string;
	env?: NodeJS.ProcessEnv;
}

export interface CommandResult {
	/** The exit code; 127 when the command is not there, 128 when a signal ended it. */
	code: number;
	/** What this run of the command wrote. */
	output: string;
}

/** Runs a command to its end. Never rejects: a command that is not there is a result too. */
export async function run(
	command: string,
	args: string[],
	{ cwd, logFile, env = process.env }: CommandOptions,
): Promise<CommandResult> {
	mkdirSync(dirname(logFile), { recursive: true });
	appendFileSync(logFile, `\n$ ${command} ${args.join(' ')}\n`);
	const start = readFileSync(logFile).length;
	const log = openSync(logFile, 'a');
	const code = await new Promise<number>((resolve) => {
		const child = spawn(command, args, {
			cwd,
			env,
			stdio: ['ignore', log, log],
			// npm is a batch file there, which only a shell can run
			shell: process.platform === 'win32',
		});
		const end = () => child.kill();
		process.once('exit', end);
		const done = (exitCode: number) => {
			process.off('exit', end);
			resolve(exitCode);
		};
		child.once('error', () => done(127));
		child.once('exit', (exitCode) => done(exitCode ?? 128));
	});
	closeSync(log);
	return { code, output: readFileSync(logFile).subarray(start).toString() };
}
