import { parseArgs } from 'node:util';

import { Failure, runCli, showHelp } from '../harness/failure';
import { Progress } from '../harness/progress';
import { runWithN8n } from '../harness/runWithN8n';
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

runCli(async () => {
	showHelp(HELP);
	const { values } = parseArgs({
		options: {
			minutes: { type: 'string', default: '1' },
			seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
			'without-control': { type: 'boolean' },
		},
	});
	const [minutes, seed] = [values.minutes, values.seed].map(Number);
	if (!(minutes >= 0 && minutes <= 600)) throw new Failure('--minutes must be a number up to 600.');
	if (!Number.isInteger(seed)) throw new Failure('--seed must be a whole number.');
	if (process.platform !== 'linux')
		throw new Failure("This runs on Linux only: n8n's memory is read from /proc.");
	const progress = new Progress(`Soak, seed ${seed}`);
	const step = (doing: string) => progress.step(doing);
	await runWithN8n((2 * minutes + 30) * 60_000, async (cleanup) => {
		const settings = { seed, cleanup, step };
		const ours = await soak({ ...settings, minutes });
		const control = values['without-control']
			? undefined
			: await soak({ ...settings, control: true, slices: ours.heaps.length });
		progress.stop();
		if (reportSoak(seed, ours, control).length > 0) process.exitCode = 1;
	}).finally(() => progress.stop());
});
