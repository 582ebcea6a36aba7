import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startSandbox } from '../sandbox';
import { Cleanup } from './harness/cleanup';
import { OWNER, type N8nClient, type StoredCredential } from './harness/client';
import { importExample, readExamples, TRIGGER_PATH, type Example } from './harness/examples';
import { Failure, getMessage, runCli, showHelp } from './harness/failure';
import { ensureInstalled } from './harness/install';
import { followSources, LIVE_ENV } from './harness/live';
import { startN8n, type RunningN8n } from './harness/n8n';
import { installPackage } from './harness/package';
import { isAlive } from './harness/orphan';
import { localDir, projectDir } from './harness/paths';
import { isPortTaken, findNextFreePort } from './harness/ports';

const HELP = `Starts n8n with this package, a SafePays sandbox, and the example workflows set up.

  npm start                          n8n on port 5678, the sandbox on port 4010; where one is
                                     taken, on the next free one
  npm start -- --n8n-port 5700       n8n on this port and no other (or SAFEPAYS_N8N_PORT)
  npm start -- --sandbox-port 4020   the sandbox on this port and no other (or SAFEPAYS_SANDBOX_PORT)
  npm run dev                        the same, and puts what you change in the sources into n8n

All data is kept in .n8n-local/; delete that folder to start afresh. Ctrl-C stops everything.
`;

const CREDENTIAL_NAME = 'SafePays sandbox';
/** The example that is shown first, and the one that its payment starts. */
const FIRST_EXAMPLE = 'bill-a-customer';
const PUBLISHED_EXAMPLE = 'invoice-paid';
const runningFile = join(localDir, 'running.pid');
const addressFile = join(localDir, 'sandbox-address');
const logFile = join(localDir, 'logs', 'n8n.log');

/** A port that somebody asked for by `--<flag>` or a variable, or the usual one. */
interface PortChoice {
	flag: string;
	port: number;
	isUsual: boolean;
}

interface Settings {
	dev: boolean;
	n8nPort: PortChoice;
	sandboxPort: PortChoice;
}

function readSettings(): Settings {
	try {
		const { values } = parseArgs({
			options: {
				dev: { type: 'boolean', default: false },
				'n8n-port': { type: 'string', default: process.env.SAFEPAYS_N8N_PORT },
				'sandbox-port': { type: 'string', default: process.env.SAFEPAYS_SANDBOX_PORT },
			},
		});
		return {
			dev: values.dev,
			n8nPort: readPort('n8n-port', values['n8n-port'], 5678),
			sandboxPort: readPort('sandbox-port', values['sandbox-port'], 4010),
		};
	} catch (error) {
		throw new Failure(`${getMessage(error).replace(/\.$/, '')}. See "npm start -- --help".`);
	}
}

function readPort(flag: string, value: string | undefined, usual: number): PortChoice {
	if (!value) return { flag, port: usual, isUsual: true };
	const port = Number(value);
	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		throw new Failure(`--${flag} is "${value}", which is no port number.`);
	}
	return { flag, port, isUsual: false };
}

/** The port itself, or the next free one in place of the usual one. Throws a `Failure` if one that was asked for is taken. */
async function choosePort({ flag, port, isUsual }: PortChoice, what: string): Promise<number> {
	if (!(await isPortTaken(port))) return port;
	const free = await findNextFreePort(port);
	if (!isUsual) {
		throw new Failure(
			`Port ${port} for ${what} is taken. This one is free:\n\n  npm start -- --${flag} ${free}\n`,
		);
	}
	console.log(`Port ${port} is taken, so ${what} goes to port ${free}.`);
	return free;
}

/** Two n8n on the same data would corrupt it. */
function claimData(cleanup: Cleanup): void {
	const pid = existsSync(runningFile) ? Number(readFileSync(runningFile, 'utf8')) : 0;
	if (pid && isAlive(pid)) {
		throw new Failure(
			`This is running already, as process ${pid}: stop it first, with Ctrl-C where it was started. (If it is not running, delete ${runningFile}.)`,
		);
	}
	mkdirSync(localDir, { recursive: true });
	writeFileSync(runningFile, String(process.pid));
	cleanup.add(() => rmSync(runningFile, { force: true }));
}

async function signIn(client: N8nClient): Promise<void> {
	if (await client.needsOwner()) await client.setupOwner();
	else await client.login();
}

/**
 * The credential for the sandbox, made at the first start. Later it is the user's, and only written
 * again when the address in it is not true any more.
 */
async function sandboxCredential(
	client: N8nClient,
	data: { apiKey: string; baseUrl: string; triggerPath: string },
): Promise<StoredCredential> {
	const input = { name: CREDENTIAL_NAME, type: 'safePaysApi', data };
	const known = existsSync(addressFile) ? readFileSync(addressFile, 'utf8') : undefined;
	const existing = (await client.listCredentials()).find(
		({ name, type }) => name === input.name && type === input.type,
	);
	if (existing && known === data.baseUrl) return existing;
	const credential = existing
		? await client.updateCredential(existing.id, input)
		: await client.createCredential(input);
	writeFileSync(addressFile, data.baseUrl);
	return credential;
}

/** The easiest is imported last: n8n's list begins with what has changed last. */
async function importMissing(
	client: N8nClient,
	examples: Example[],
	credential: StoredCredential,
): Promise<void> {
	const present = new Set((await client.listWorkflows()).map(({ id }) => id));
	for (const example of examples.toReversed()) {
		if (present.has(example.id)) continue;
		const id = await importExample(client, example, credential);
		if (example.id === PUBLISHED_EXAMPLE) await client.activate({ id });
	}
}

runCli(async () => {
	showHelp(HELP);
	const settings = readSettings();
	const cleanup = new Cleanup();
	cleanup.onSignals(0);
	try {
		await start(settings, cleanup);
	} catch (error) {
		await cleanup.run();
		throw error;
	}
});

async function start({ dev, ...ports }: Settings, cleanup: Cleanup): Promise<void> {
	claimData(cleanup);
	const n8nPort = await choosePort(ports.n8nPort, 'n8n');
	const sandboxPort = await choosePort(ports.sandboxPort, 'the sandbox');
	const examples = readExamples();
	await ensureInstalled();

	console.log('Starting n8n with the package and the sandbox...');
	await installPackage(localDir);
	let stopping = false;
	cleanup.add(() => {
		if (stopping) console.log('All has stopped. "npm start" goes on where you left off.');
	});
	const sandbox = await startSandbox({
		port: sandboxPort,
		dataFile: join(localDir, 'sandbox.json'),
		notificationRetries: 3,
	});
	cleanup.add(async () => await sandbox.close());
	const env = { ...(dev && LIVE_ENV), GENERIC_TIMEZONE: machineTimeZone() };
	const n8n = await startN8n({ userFolder: localDir, port: n8nPort, logFile, env });
	cleanup.add(async () => {
		stopping = true;
		console.log('\nStopping n8n and the sandbox...');
		await n8n.stop();
	});
	void n8n.exited.then(async () => {
		if (stopping) return;
		console.error(`n8n ended by itself: see ${logFile}.`);
		await cleanup.run();
		process.exit(1);
	});

	try {
		await signIn(n8n.rest);
		const credential = await sandboxCredential(n8n.rest, {
			apiKey: sandbox.apiKey,
			baseUrl: sandbox.url,
			triggerPath: TRIGGER_PATH,
		});
		await importMissing(n8n.rest, examples, credential);
	} catch (error) {
		throw new Failure(
			`n8n could not be set up (${getMessage(error)}). If you changed its password or its data, delete ${localDir} to start afresh.`,
		);
	}
	printWhatToDo(n8n.url, sandbox.url);
	if (dev) follow(n8n, cleanup);
}

function follow(n8n: RunningN8n, cleanup: Cleanup): void {
	console.log(
		'  Follows nodes/, credentials/ and icons/: what you save there is in n8n at once.\n',
	);
	const tell = (line: string) => console.log(`  ${new Date().toLocaleTimeString()}  ${line}`);
	const following = followSources({ projectDir, userFolder: localDir, n8n, tell });
	cleanup.add(() => following.close());
}

/** The one that schedules and dates are meant in, as the machine's clock shows them. */
function machineTimeZone(): string {
	return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function printWhatToDo(n8nUrl: string, sandboxUrl: string): void {
	console.log(`
  Start here   ${n8nUrl}/workflow/${FIRST_EXAMPLE}
               sign in as  ${OWNER.email}
               password    ${OWNER.password}

  1. Click "Execute workflow". It creates a customer and an invoice.
  2. Pay the invoice: open ${sandboxUrl} and click "Payment page", then "Pay".
  3. See the workflow that the payment has started, and what it got:
     ${n8nUrl}/workflow/${PUBLISHED_EXAMPLE}/executions

  More examples   ${n8nUrl}/home/workflows
                  what each is for: docs/examples.md

  Ctrl-C stops everything. What you change is kept in .n8n-local/.
`);
}
