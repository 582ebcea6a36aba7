import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startSandbox } from '../sandbox';
import { Cleanup } from './harness/cleanup';
import { OWNER, type N8nClient, type StoredCredential } from './harness/client';
import { importExample, readExamples, triggerUrl, type Example } from './harness/examples';
import { Failure, messageOf, runCli } from './harness/failure';
import { ensureInstalled } from './harness/install';
import { followSources, LIVE_ENV } from './harness/live';
import { startN8n, type RunningN8n } from './harness/n8n';
import { installPackage } from './harness/package';
import { isAlive } from './harness/orphan';
import { localDir, projectDir } from './harness/paths';
import { isPortTaken } from './harness/ports';

const HELP = `Starts n8n with this package, a SafePays sandbox, and the example workflows set up.

  npm start                          n8n on port 5678, the sandbox on port 4010
  npm start -- --n8n-port 5700       n8n on another port (or SAFEPAYS_N8N_PORT)
  npm start -- --sandbox-port 4020   the sandbox on another port (or SAFEPAYS_SANDBOX_PORT)
  npm run dev                        the same, and puts what you change in the sources into n8n

All data is kept in .n8n-local/; delete that folder to start afresh. Ctrl-C stops everything.
`;

const CREDENTIAL_NAME = 'SafePays sandbox';
const runningFile = join(localDir, 'running.pid');
const addressesFile = join(localDir, 'addresses.json');
const logFile = join(localDir, 'logs', 'n8n.log');

interface Settings {
	help: boolean;
	dev: boolean;
	n8nPort: number;
	sandboxPort: number;
}

function readSettings(): Settings {
	try {
		const { values } = parseArgs({
			options: {
				help: { type: 'boolean', short: 'h', default: false },
				dev: { type: 'boolean', default: false },
				'n8n-port': { type: 'string', default: process.env.SAFEPAYS_N8N_PORT ?? '5678' },
				'sandbox-port': { type: 'string', default: process.env.SAFEPAYS_SANDBOX_PORT ?? '4010' },
			},
		});
		return {
			help: values.help,
			dev: values.dev,
			n8nPort: portNumber('n8n-port', values['n8n-port']),
			sandboxPort: portNumber('sandbox-port', values['sandbox-port']),
		};
	} catch (error) {
		throw new Failure(`${messageOf(error).replace(/\.$/, '')}. See "npm start -- --help".`);
	}
}

function portNumber(name: string, value: string): number {
	const port = Number(value);
	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		throw new Failure(`--${name} is "${value}", which is no port number.`);
	}
	return port;
}

async function checkPort(
	port: number,
	what: string,
	flag: string,
	variable: string,
): Promise<void> {
	if (await isPortTaken(port)) {
		throw new Failure(
			`Port ${port} for ${what} is taken: free it, or choose another with --${flag} or ${variable}.`,
		);
	}
}

/** Two n8n on the same data would corrupt it. */
function claimData(cleanup: Cleanup): void {
	const pid = existsSync(runningFile) ? Number(readFileSync(runningFile, 'utf8')) : 0;
	if (pid && isAlive(pid)) {
		throw new Failure(
			`This is running already, as process ${pid}: stop it first. (If it is not, delete ${runningFile}.)`,
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
 * again when the addresses in it are not true any more.
 */
async function sandboxCredential(
	client: N8nClient,
	data: { apiKey: string; baseUrl: string; defaultWebhookUrl?: string },
): Promise<StoredCredential> {
	const input = { name: CREDENTIAL_NAME, type: 'safePaysApi', data };
	const addresses = JSON.stringify([data.baseUrl, data.defaultWebhookUrl]);
	const known = existsSync(addressesFile) ? readFileSync(addressesFile, 'utf8') : undefined;
	const existing = (await client.listCredentials()).find(
		({ name, type }) => name === input.name && type === input.type,
	);
	if (existing && known === addresses) return existing;
	const credential = existing
		? await client.updateCredential(existing.id, input)
		: await client.createCredential(input);
	writeFileSync(addressesFile, addresses);
	return credential;
}

async function importMissing(
	client: N8nClient,
	examples: Example[],
	credential: StoredCredential,
): Promise<void> {
	const present = new Set((await client.listWorkflows()).map(({ id }) => id));
	for (const example of examples) {
		if (!present.has(example.id)) await importExample(client, example, credential);
	}
}

async function main(): Promise<void> {
	const settings = readSettings();
	if (settings.help) {
		process.stdout.write(HELP);
		return;
	}
	const cleanup = new Cleanup();
	cleanup.onSignals(0);
	try {
		await start(settings, cleanup);
	} catch (error) {
		await cleanup.run();
		throw error;
	}
}

async function start({ dev, n8nPort, sandboxPort }: Settings, cleanup: Cleanup): Promise<void> {
	await checkPort(n8nPort, 'n8n', 'n8n-port', 'SAFEPAYS_N8N_PORT');
	await checkPort(sandboxPort, 'the sandbox', 'sandbox-port', 'SAFEPAYS_SANDBOX_PORT');
	claimData(cleanup);
	const examples = readExamples();
	await ensureInstalled();

	console.log('Starting n8n with the package and the sandbox...');
	await installPackage(localDir);
	const sandbox = await startSandbox({
		port: sandboxPort,
		dataFile: join(localDir, 'sandbox.json'),
		notificationRetries: 3,
	});
	cleanup.add(async () => await sandbox.close());
	const env = dev ? LIVE_ENV : {};
	const n8n = await startN8n({ userFolder: localDir, port: n8nPort, logFile, env });
	let stopping = false;
	cleanup.add(async () => {
		stopping = true;
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
			defaultWebhookUrl: triggerUrl(n8n.url, examples),
		});
		await importMissing(n8n.rest, examples, credential);
	} catch (error) {
		throw new Failure(
			`n8n could not be set up (${messageOf(error)}). If you changed its password or its data, delete ${localDir} to start afresh.`,
		);
	}
	printWhereToGo(n8n.url, sandbox.url, examples);
	if (dev) follow(n8n, cleanup);
}

function follow(n8n: RunningN8n, cleanup: Cleanup): void {
	console.log('  Follows nodes/, credentials/ and icons/: what you save there is in n8n at once.\n');
	const tell = (line: string) => console.log(`  ${new Date().toLocaleTimeString()}  ${line}`);
	const following = followSources({ projectDir, userFolder: localDir, n8n, tell });
	cleanup.add(() => following.close());
}

function printWhereToGo(n8nUrl: string, sandboxUrl: string, examples: Example[]): void {
	const workflows = examples.flatMap(({ id, name }) => [
		`    ${name}`,
		`        ${n8nUrl}/workflow/${id}`,
	]);
	console.log(
		[
			'',
			`  n8n      ${n8nUrl}`,
			`           sign in as ${OWNER.email} with the password ${OWNER.password}`,
			`  Sandbox  ${sandboxUrl}`,
			'           its invoices, to be paid or declined there',
			'',
			...(workflows.length > 0 ? ['  Example workflows', ...workflows, ''] : []),
			'  Ctrl-C stops everything. What you change is kept in .n8n-local/.',
			'',
		].join('\n'),
	);
}

runCli(main);
