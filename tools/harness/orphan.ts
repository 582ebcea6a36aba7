import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 500;

/**
 * Calls `stop` once when this runs as an npm script and npm has been told to end: npm passes the
 * signal to the shell that it runs the script in, and that shell ends without passing it on.
 */
export function whenOrphaned(stop: () => void): void {
	if (!process.env.npm_lifecycle_event) return;
	// the shell is the parent, or with a runner such as tsx between, the grandparent
	const ancestors = [process.ppid, findParent(process.ppid)].filter((pid) => pid > 1);
	const timer = setInterval(() => {
		if (ancestors.every(isAlive)) return;
		clearInterval(timer);
		stop();
	}, LOOK_EVERY_MS);
	timer.unref();
}

/** Whether there is a process with this ID. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM';
	}
}

/** 0 where it cannot be told. */
function findParent(pid: number): number {
	try {
		if (process.platform === 'linux') {
			// the command's name, in brackets, may hold anything
			const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
			return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
		}
		return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
	} catch {
		return 0;
	}
}
