import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Failure, runCli, showHelp } from '../harness/failure';
import { findNodeForN8n, readN8nVersion } from '../harness/node';
import { n8nDir, projectDir } from '../harness/paths';
import { Progress } from '../harness/progress';
import { runWithN8n } from '../harness/runWithN8n';
import { benchmarkBurst } from './burst';
import { benchmarkCreates } from './creates';
import { benchmarkKeys } from './keys';
import { benchmarkLimit } from './limit';
import { benchmarkMemory } from './memory';
import { createSectionText, type Section } from './report';
import { benchmarkWebhooks } from './webhooks';
import type { Settings } from './world';

const HELP = `Measures the package in a real n8n against a sandbox, beside n8n's own nodes. Linux only.

  npm run tool -- bench                     everything, about 20 minutes; writes docs/benchmarks.md
  npm run tool -- bench --only creates      one part (repeat for several): creates, limit, keys, memory, webhooks, burst
  npm run tool -- bench --quick             a small run of a minute or two, to see that everything works

Only a whole run writes docs/benchmarks.md. Leaves nothing running.
`;

const REPORT = join(projectDir, 'docs', 'benchmarks.md');
const TIME_LIMIT_MS = 25 * 60_000;

const BENCHMARKS: Record<string, (settings: Settings) => Promise<Section>> = {
	creates: benchmarkCreates,
	limit: benchmarkLimit,
	keys: benchmarkKeys,
	memory: benchmarkMemory,
	webhooks: benchmarkWebhooks,
	burst: benchmarkBurst,
};

const INTRODUCTION = `# Benchmarks

Written by \`npm run tool -- bench\`, which starts a real n8n with the packed package in it, and the [sandbox](sandbox.md) in a process of its own, measures everything in one run, and ends by itself after about 20 minutes, 25 at most. \`npm run tool -- bench --only creates\` measures one part, \`--help\` lists the others. Run it while nothing else uses the machine.

Times and CPU depend on the machine, so compare the rows of one run with each other, and leave figures of different machines apart. CPU time is that of n8n's process and what it starts, on all cores, as Linux counts it; the sandbox's is not in it.`;

runCli(async () => {
	showHelp(HELP);
	const { values } = parseArgs({
		options: {
			only: { type: 'string', multiple: true },
			quick: { type: 'boolean', default: false },
		},
	});
	const { only, quick } = values;
	const names = (only ?? Object.keys(BENCHMARKS)).flatMap((name) => name.split(','));
	const unknown = names.find((name) => !Object.hasOwn(BENCHMARKS, name));
	if (unknown !== undefined) throw new Failure(`There is no "${unknown}" to measure.\n\n${HELP}`);
	if (process.platform !== 'linux') {
		throw new Failure("This runs on Linux only: n8n's CPU time and memory are read from /proc.");
	}
	if (loadavg()[0] > 1)
		console.error('This machine is busy with something else: the figures will be noisy.');
	const progress = new Progress('Benchmark');
	const parts: string[] = [];
	await runWithN8n(TIME_LIMIT_MS, async (cleanup) => {
		const settings: Settings = { quick, cleanup, step: (doing) => progress.step(doing) };
		parts.push(INTRODUCTION, `This run: ${describeMachine()}`);
		for (const name of names) {
			const section = createSectionText(await BENCHMARKS[name](settings));
			parts.push(section);
			console.log(`\n${section}`);
		}
	}).finally(() => progress.stop());
	if (!only && !quick) writeFileSync(REPORT, `${parts.join('\n\n')}\n`);
});

/** What the figures depend on, in one sentence. */
function describeMachine(): string {
	const node = execFileSync(findNodeForN8n(), ['--version'], { encoding: 'utf8' }).trim();
	const [{ model }] = cpus();
	const gigabytes = Math.round(totalmem() / 1024 ** 3);
	return `${cpus().length} cores (${model.trim()}), ${gigabytes} GB of memory, ${process.platform}; n8n ${readN8nVersion(n8nDir)} on Node.js ${node} with SQLite.`;
}
