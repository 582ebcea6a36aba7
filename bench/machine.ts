import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';

import { node24 } from '../e2e/harness/node24';
import { n8nDir } from '../e2e/harness/paths';

/** What the figures depend on, in one sentence. */
export function describeMachine(): string {
	const manifest = readFileSync(join(n8nDir, 'node_modules', 'n8n', 'package.json'), 'utf8');
	const { version } = JSON.parse(manifest) as { version: string };
	const node = execFileSync(node24(), ['--version'], { encoding: 'utf8' }).trim();
	const [{ model }] = cpus();
	const gigabytes = Math.round(totalmem() / 1024 ** 3);
	return `${cpus().length} cores (${model.trim()}), ${gigabytes} GB of memory, ${process.platform}; n8n ${version} on Node.js ${node} with SQLite.`;
}

/** Whether other programs use so much of this machine that figures would not mean much. */
export function isBusy(): boolean {
	return loadavg()[0] > 1;
}
