import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

import { readN8nVersion, findNodeForN8n } from '../harness/node';
import { n8nDir } from '../harness/paths';

/** What the figures depend on, in one sentence. */
export function describeMachine(): string {
	const node = execFileSync(findNodeForN8n(), ['--version'], { encoding: 'utf8' }).trim();
	const [{ model }] = cpus();
	const gigabytes = Math.round(totalmem() / 1024 ** 3);
	return `${cpus().length} cores (${model.trim()}), ${gigabytes} GB of memory, ${process.platform}; n8n ${readN8nVersion(n8nDir)} on Node.js ${node} with SQLite.`;
}

/** Whether other programs use so much of this machine that figures would not mean much. */
export function isBusy(): boolean {
	return loadavg()[0] > 1;
}
