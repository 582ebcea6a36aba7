import { parseArgs } from 'node:util';

import { Cleanup } from '../harness/cleanup';
import { Failure, runCli } from '../harness/failure';
import { ensureInstalled } from '../harness/install';
import { Progress } from '../harness/progress';
import { reportSoak } from './report';
import { soak } from './soak';

const HELP = `Lets a real n8n work under mixed traffic and faults for some minutes, then compares the books and looks
at n8n's memory, beside an n8n that does as much with its own nodes. Linux only.

  npm run tool -- soak                   one minute, and as much by n8n's own nodes
  npm run tool -- soak --minutes 10      ten minutes, and as much
  npm run tool -- soak --seed 42         other choices and faults
  npm run tool -- soak --without-control only the package's nodes; memory is not judged

Ends with 1 if a promise was not kept. Leaves nothing running.
`;

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			help: { type: 'boolean', short: 'h' },
			minutes: { type: 'string' },
			seed: { type: 'string' },
			'without-control': { type: 'boolean' },
		},
	});
	if (values.help) {
		process.stdout.write(HELP);
		return;
	}
	const minutes = Number(values.minutes ?? 1);
	const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
	if (!(minutes >= 0 && minutes <= 600)) throw new Failure('--minutes must be a number up to 600.');
	if (!Number.isInteger(seed)) throw new Failure('--seed must be a whole number.');
	if (process.platform !== 'linux')
		throw new Failure("This runs on Linux only: n8n's memory is read from /proc.");
	const cleanup = new Cleanup();
	cleanup.onSignals(1);
	await ensureInstalled();
	const progress = new Progress(`Soak, seed ${seed}`);
	const settings = { seed, cleanup, step: (doing: string) => progress.step(doing) };
	try {
		const ours = await soak({ ...settings, minutes });
		const control = values['without-control']
			? undefined
			: await soak({ ...settings, control: true, slices: ours.heaps.length });
		progress.stop();
		const problems = reportSoak(seed, ours, control);
		if (problems.length > 0) process.exitCode = 1;
	} finally {
		progress.stop();
		await cleanup.run();
	}
}

runCli(main);
