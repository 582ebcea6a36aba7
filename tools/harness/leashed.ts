// Runs a program that knows nothing of the leash. Whatever ends the process that started this one,
// its end of the pipe closes, and the program is sent the signal that makes it end at once.
import { spawn } from 'node:child_process';

import type { Leashed } from './service';

const { program, args, stopSignal, user } = JSON.parse(process.argv[2]) as Leashed;
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...user });
process.stdin.on('end', () => child.kill(stopSignal)).resume();
child.once('error', (error) => {
	console.error(error.message);
	process.exit(127);
});
child.once('exit', (code) => process.exit(code ?? 1));
