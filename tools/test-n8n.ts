import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Failure, runCli, showHelp } from './harness/failure';
import { projectDir } from './harness/paths';
import { ensureVersionInstalled, latestVersion } from './harness/versions';

const HELP = `Runs the end-to-end tests in a version of n8n of your choice.

  npm run test:n8n -- latest                       the version that n8n recommends
  npm run test:n8n -- 2.35.3                       installs it first, if it is not there yet
  npm run test:n8n -- 2.35.3 --before 2026-09-15   with its dependencies as they were before that day
                                                   (three days after its release unless given)
  npm run test:n8n -- 2.35.3 -- trigger package    what stands behind the second -- goes to Jest

The editor of another version may look different: "-- --testPathIgnorePatterns browser firstClick"
leaves the tests in it out. A copy of npm's registry may date packages by when it copied them: then name a
later day. Each version takes about 3 GB in .n8n-local/n8n; delete its folder when you are done.
`;

const jest = join(projectDir, 'node_modules', 'jest', 'bin', 'jest.js');

runCli(async () => {
	showHelp(HELP);
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { before: { type: 'string' } },
	});
	const [wanted, ...jestArgs] = positionals;
	const version = wanted === 'latest' ? await latestVersion() : wanted;
	if (!/^\d+\.\d+\.\d+$/.test(version ?? '')) {
		throw new Failure('Which n8n? Say for example "npm run test:n8n -- 2.35.3".');
	}
	const dir = await ensureVersionInstalled(version, values.before);
	console.error(`Testing in n8n ${version}.`);
	const tests = spawn(
		process.execPath,
		[jest, '--config', 'jest.e2e.config.js', '--runInBand', ...jestArgs],
		{ cwd: projectDir, stdio: 'inherit', env: { ...process.env, SAFEPAYS_E2E_N8N_DIR: dir } },
	);
	const [code] = (await once(tests, 'exit')) as [number | null];
	process.exitCode = code ?? 1;
});
