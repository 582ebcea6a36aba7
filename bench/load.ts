import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { node24 } from '../e2e/harness/node24';
import { packPackage } from '../e2e/harness/package';
import { n8nDir } from '../e2e/harness/paths';
import { median, type Section } from './report';
import { using, type Settings } from './world';

const MOST_MS = 10;
const MOST_KB = 120;
/** As npm counts an unpacked size. */
const KILOBYTE = 1000;

/** Prints the milliseconds that it takes to load the files named, once n8n-workflow is loaded. */
const LOAD = `
	require(process.argv[1]);
	const startedAt = performance.now();
	for (const file of process.argv.slice(2)) require(file);
	console.log(performance.now() - startedAt);
`;

/** What the package adds to n8n's start, and to its disk. */
export async function benchmarkLoad(settings: Settings): Promise<Section> {
	const rounds = settings.quick ? 3 : 21;
	return await using(settings, async (cleanup) => {
		settings.step('load');
		const folder = mkdtempSync(join(tmpdir(), 'safepays-bench-load-'));
		cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
		execFileSync('tar', ['-xzf', await packPackage(), '-C', folder]);
		const files = filesIn(join(folder, 'package'));
		const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
		const sources = files.filter((file) => file.endsWith('.js'));

		// where the package finds the n8n-workflow of its n8n
		mkdirSync(join(folder, 'node_modules'));
		const n8nWorkflow = join(folder, 'node_modules', 'n8n-workflow');
		symlinkSync(join(n8nDir, 'node_modules', 'n8n-workflow'), n8nWorkflow);
		const once = () =>
			Number(execFileSync(node24(), ['-e', LOAD, n8nWorkflow, ...sources], { encoding: 'utf8' }));
		// the first one reads from the disk what is in the system's cache for the others
		once();
		const times = Array.from({ length: rounds }, once).sort((a, b) => a - b);
		const milliseconds = median(times);
		const kilobytes = bytes / KILOBYTE;
		return {
			title: 'Loading the package',
			text:
				`\`require\` of all ${sources.length} JavaScript files of the packed package, in a fresh process with ` +
				`n8n-workflow loaded already: the median of ${rounds}. The size is that of the unpacked tarball.`,
			tables: [
				{
					heading: ['', 'median', 'fastest', 'slowest'],
					rows: [
						['load, ms', milliseconds.toFixed(1), times[0].toFixed(1), times[rounds - 1].toFixed(1)],
						['unpacked, kB', kilobytes.toFixed(1), '', ''],
					],
				},
			],
			reading: `n8n starts ${milliseconds.toFixed(1)} ms later with the package installed.`,
			targets: [
				{
					what: `load < ${MOST_MS} ms`,
					measured: `${milliseconds.toFixed(1)} ms`,
					reached: milliseconds < MOST_MS,
					otherwise: 'Nearly all of it is finding, reading and compiling so many files.',
				},
				{
					what: `unpacked < ${MOST_KB} kB`,
					measured: `${kilobytes.toFixed(1)} kB`,
					reached: kilobytes < MOST_KB,
				},
			],
		};
	});
}

function filesIn(folder: string): string[] {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
}
