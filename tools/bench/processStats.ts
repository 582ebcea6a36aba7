import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds of a tick, in which Linux counts CPU time. */
const TICK_MS = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** A process that uses less than this much CPU (milliseconds) in `QUIET_FOR_MS` has nothing left to do. */
const QUIET_CPU_MS = 40;
/** Longer than the pauses that a trigger makes while it looks for duplicates. */
const QUIET_FOR_MS = 400;

interface Stat {
	pid: number;
	parent: number;
	cpuMs: number;
}

/** CPU time in milliseconds that a process and those that it has started have used so far, on all cores. */
export function cpuMs(pid: number): number {
	return tree(pid).reduce((sum, process) => sum + process.cpuMs, 0);
}

/**
 * Resolves once a process and those that it has started have nothing more to do.
 *
 * @returns since when (milliseconds since 1970), and the CPU time used so far in milliseconds.
 *   Rejects after a minute.
 */
export async function untilQuiet(pid: number): Promise<{ since: number; cpuMs: number }> {
	const deadline = Date.now() + 60_000;
	let since = Date.now();
	let used = cpuMs(pid);
	for (;;) {
		await sleep(QUIET_FOR_MS);
		const now = cpuMs(pid);
		if (now - used < QUIET_CPU_MS) return { since, cpuMs: used };
		if (Date.now() > deadline) throw new Error(`Process ${pid} did not come to rest`);
		since = Date.now();
		used = now;
	}
}

/** The most memory (bytes) that a process has held since it started, or since `resetPeakMemory`. */
export function peakMemory(pid: number): number {
	return memoryField(pid, 'VmHWM');
}

/** The memory (bytes) that a process holds now. */
export function memory(pid: number): number {
	return memoryField(pid, 'VmRSS');
}

/** Lets `peakMemory` count from now on. */
export function resetPeakMemory(pid: number): void {
	writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function memoryField(pid: number, name: string): number {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	return Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
}

function tree(root: number): Stat[] {
	const all = readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.flatMap((name) => stat(Number(name)));
	const found: Stat[] = [];
	const open = all.filter(({ pid }) => pid === root);
	for (let process = open.pop(); process; process = open.pop()) {
		const { pid } = process;
		found.push(process);
		open.push(...all.filter(({ parent }) => parent === pid));
	}
	return found;
}

function stat(pid: number): Stat[] {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// the command's name, in brackets, may hold anything
		const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
		const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
		return [{ pid, parent, cpuMs: (user + system) * TICK_MS }];
	} catch {
		// it has ended in the meantime
		return [];
	}
}
