import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { Cleanup } from '../harness/cleanup';
import { Failure, runCli } from '../harness/failure';
import { ensureInstalled } from '../harness/install';
import { projectDir } from '../harness/paths';
import { Progress } from '../harness/progress';
import { benchmarkBurst } from './burst';
import { benchmarkCreates } from './creates';
import { benchmarkKeys } from './keys';
import { benchmarkLimit } from './limit';
import { describeMachine, isBusy } from './machine';
import { benchmarkMemory } from './memory';
import { createSectionText, type Section } from './report';
import { benchmarkWebhooks } from './webhooks';
import type { Settings } from './world';

const HELP = `Measures the package in a real n8n against a sandbox, beside n8n's own nodes. Linux only.

  npm run tool -- bench                     everything, about 20 minutes; writes docs/benchmarks.md
  npm run tool -- bench --only creates      one part (repeat for several): creates, limit, keys, memory, webhooks, burst
  npm run tool -- bench --quick             a small run of a minute or two, to see that everything works
  npm run tool -- bench --profile <folder>  n8n writes CPU profiles there (.cpuprofile), and is slower for it

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

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			help: { type: 'boolean', short: 'h' },
			only: { type: 'string', multiple: true },
			quick: { type: 'boolean' },
			profile: { type: 'string' },
		},
	});
	if (values.help) {
		process.stdout.write(HELP);
		return;
	}
	const names = (values.only ?? Object.keys(BENCHMARKS)).flatMap((name) => name.split(','));
	for (const name of names) {
		if (!Object.hasOwn(BENCHMARKS, name)) {
			throw new Failure(
				`There is no "${name}" to measure, only ${Object.keys(BENCHMARKS).join(', ')}.`,
			);
		}
	}
	if (process.platform !== 'linux') {
		throw new Failure("This runs on Linux only: n8n's CPU time and memory are read from /proc.");
	}
	const cleanup = new Cleanup();
	cleanup.onSignals(1);
	await ensureInstalled();
	if (isBusy())
		console.error('This machine is busy with something else: the figures will be noisy.');

	const profiles = values.profile && resolve(values.profile);
	if (profiles) mkdirSync(profiles, { recursive: true });
	const progress = new Progress('Benchmark');
	const settings: Settings = {
		quick: values.quick ?? false,
		profiles,
		cleanup,
		step: (doing) => progress.step(doing),
	};
	const timer = setTimeout(() => {
		console.error(`The benchmark did not come to an end within ${TIME_LIMIT_MS / 60_000} minutes.`);
		void cleanup.run().then(() => process.exit(1));
	}, TIME_LIMIT_MS);
	try {
		const parts = [INTRODUCTION, `This run: ${describeMachine()}`];
		for (const name of names) {
			const section = createSectionText(await BENCHMARKS[name](settings));
			parts.push(section);
			console.log(`\n${section}`);
		}
		if (!values.only && !values.quick && !profiles)
			writeFileSync(REPORT, `${parts.join('\n\n')}\n`);
	} finally {
		clearTimeout(timer);
		progress.stop();
		await cleanup.run();
	}
}

const INTRODUCTION = `# Benchmarks

Written by \`npm run tool -- bench\`, which starts a real n8n with the packed package in it, and the [sandbox](sandbox.md) in a process of its own, measures everything in one run, and ends by itself after about 20 minutes, 25 at most. \`npm run tool -- bench --only creates\` measures one part, \`--help\` lists the others. Run it while nothing else uses the machine.

Times and CPU depend on the machine, so compare the rows of one run with each other, and leave figures of different machines apart. CPU time is that of n8n's process and what it starts, on all cores, as Linux counts it; the sandbox's is not in it.`;

runCli(main);
