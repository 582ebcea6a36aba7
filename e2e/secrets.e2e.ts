import { stringify } from 'flatted';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import type { Fault, Sandbox } from '../sandbox';
import { startSandbox } from '../sandbox';
import { OUTCOMES } from '../test/nodes/SafePays/faults/outcomes';
import { eventually } from '../tools/harness/eventually';
import { pool } from '../tools/harness/pool';
import { CLOSED_PORT } from '../tools/harness/ports';
import { items, manualTrigger, node, webhook, workflow } from '../tools/harness/workflow';
import { ECHOES, startEcho } from './echo';
import { createEveryCall } from './everyCall';
import type { OwnN8n } from '../tools/harness/ownN8n';
import { startOwnN8n } from '../tools/harness/ownN8n';
import { post } from '../tools/harness/post';
import { Sweep, unmistakableKey } from './secretSweep';
import { UNKNOWN_ID } from './world';

// some hundred executions, many of which wait for an answer that does not come
jest.setTimeout(1_800_000);

const KEY = unmistakableKey();
const WRONG_KEY = unmistakableKey();
const BANNED_KEY = unmistakableKey();

/** As much as n8n can be made to say and write down. */
const CHATTY = {
	N8N_LOG_LEVEL: 'debug',
	N8N_LOG_OUTPUT: 'console,file',
	CODE_ENABLE_STDOUT: 'true',
	DB_LOGGING_ENABLED: 'true',
	DB_LOGGING_OPTIONS: 'all',
	N8N_PUSH_BACKEND: 'sse',
};

/** Most of a scene is waiting. */
const SCENES_AT_ONCE = 5;

/** A SafePays, or what is taken for one, and what happens to it. */
interface Scene {
	name: string;
	/** A SafePays that goes wrong like this, from the moment that executions wait for payments. */
	fault?: Fault;
	/** Where requests go instead. */
	baseUrl?: () => Promise<{ url: string; close(): Promise<void> }>;
	apiKey?: string;
	/** n8n's HTTP Request node hands on whatever a server says: left out where that is the key. */
	withoutHttpRequest?: boolean;
}

const nowhere = (url: string) => async () => ({ url, close: async () => undefined });

const SCENES: Scene[] = [
	{ name: 'all is well' },
	{ name: 'wrong key', apiKey: WRONG_KEY },
	{ name: 'banned key', apiKey: BANNED_KEY },
	...OUTCOMES.filter(({ fault }) => fault).map(({ name, fault }) => ({
		name,
		// longer than anything waits; and not to the sandbox's own page, which shows its keys
		fault: {
			...(fault as Fault),
			...(fault?.kind === 'slow' && { ms: 60_000 }),
			location: 'https://127.0.0.1:9/',
		},
		// see "in n8n's own HTTP Request node"
		withoutHttpRequest: fault?.kind === 'brokenJson',
	})),
	{
		name: 'lost in a 307',
		fault: { kind: 'redirect', status: 307, location: 'http://127.0.0.1:9/' },
	},
	...[400, 401, 403, 404, 409, 429, 500].map((status) => ({
		name: `SafePays says the key with ${status}`,
		fault: { kind: 'echoKey', status } as const,
		withoutHttpRequest: true,
	})),
	...ECHOES.map((echo) => ({
		name: `says the request ${echo.name}`,
		baseUrl: async () => await startEcho(echo),
		withoutHttpRequest: true,
	})),
	{
		name: 'refused connection',
		baseUrl: nowhere(`http://127.0.0.1:${CLOSED_PORT}`),
	},
	{ name: 'unknown host', baseUrl: nowhere('http://safepays.invalid') },
	{
		name: 'no TLS',
		baseUrl: async () => await nowhere(own.sandbox.url.replace('http:', 'https:'))(),
	},
	{ name: 'no address', baseUrl: nowhere('app.safepays.com') },
	{ name: 'no protocol for the web', baseUrl: nowhere('ftp://127.0.0.1') },
];

let own: OwnN8n;
/** Gathers what n8n has said; what it keeps is searched in the end. */
const said = new Sweep([KEY, WRONG_KEY, BANNED_KEY]);
const asked = { rest: 0, webhooks: 0, safePays: 0 };

beforeAll(async () => {
	own = await startOwnN8n('secrets', { env: CHATTY, sandbox: sandboxOptions() });
	own.client.onAnswer = (request, answer) => {
		asked.rest++;
		said.search(`REST ${request}`, answer);
	};
});
afterAll(async () => await own?.close());

function sandboxOptions() {
	return { apiKeys: [KEY], bannedKey: BANNED_KEY, notificationTimeoutMs: 30_000 };
}

/** Posts to a webhook of n8n. */
async function call(url: string, body: object): Promise<number> {
	const answer = await post(url, body);
	asked.webhooks++;
	said.search(`webhook ${url}`, JSON.stringify(answer));
	return answer.status;
}

/** Notifies of a payment, real or not, and of nonsense. */
async function notify(url: string, invoiceId: string): Promise<void> {
	const bodies = [
		{ invoice: { id: invoiceId, status: 'Paid' } },
		{ event: 'payment_success', invoice: { id: UNKNOWN_ID, status: 'Paid' } },
		{ invoice: { id: 'no UUID' } },
		[],
	];
	await Promise.all(bodies.map(async (body) => await call(url, body)));
}

/** What the calls ask for. */
function createRecords({ books }: Sandbox) {
	const email = `${randomUUID()}@example.com`;
	const customer = books.createCustomer(KEY, { name: 'John', email });
	return {
		customerId: customer.id,
		invoiceId: books.createInvoice(KEY, { email, amount: 200 }).id,
	};
}

async function play(scene: Scene): Promise<void> {
	const sandbox = await startSandbox(sandboxOptions());
	const instead = await scene.baseUrl?.();
	try {
		await playAt(scene, sandbox, instead?.url ?? sandbox.url);
	} finally {
		asked.safePays += sandbox.requests.length;
		await sandbox.close();
		await instead?.close();
	}
}

async function playAt(scene: Scene, sandbox: Sandbox, url: string): Promise<void> {
	const { name, fault, apiKey = KEY, withoutHttpRequest } = scene;
	const { client } = own;
	const credential = await client.createSandboxCredential({ apiKey, url }, name);
	const records = createRecords(sandbox);
	const target = { credential: credential.id, baseUrl: url, ...records, withoutHttpRequest };
	const every = await createEveryCall(client, target);
	const run = async (start: string) =>
		await client.runAndWait(every.workflowId, { trigger: start, timeout: 240_000 });

	await client.testCredential(credential);
	await Promise.all([run(every.wait.start), call(every.wait.webhook, {})]);
	const waiting = [...sandbox.books.invoices.values()].filter(({ webhookUrl }) => webhookUrl);
	if (fault) sandbox.addFault(fault);
	await client.testCredential(credential);
	// by hand what goes on, and one of those that stop; in production all of them
	const [goOn, ...stops] = [...every.calls].reverse();
	const byHand = [goOn, stops[SCENES.indexOf(scene) % stops.length]];
	await Promise.all([
		...byHand.map(async ({ start }) => await run(start)),
		...every.calls.map(async ({ webhook: webhookUrl }) => await call(webhookUrl, {})),
	]);
	sandbox.setStatus(records.invoiceId, 'Paid');
	await notify(every.triggerUrl, records.invoiceId);
	for (const { id, webhookUrl } of waiting) await notify(String(webhookUrl), id);

	sandbox.clearFaults();
	await notify(every.triggerUrl, records.invoiceId);
	for (const { id } of waiting) await sandbox.pay(id);
	for (const { responseBody } of sandbox.deliveries) said.search('webhook', responseBody ?? '');
}

/** Ends n8n, or only the executions, while SafePays leaves every request unanswered. */
async function cutOff(end: (executions: string[]) => Promise<void>): Promise<void> {
	const { client, sandbox, credentialId } = own;
	// longer than a busy machine takes to bring all of them so far
	const target = { credential: credentialId, baseUrl: sandbox.url, timeout: 300 };
	const every = await createEveryCall(client, { ...target, ...createRecords(sandbox) });
	const before = sandbox.requests.length;
	sandbox.addFault({ kind: 'slow', ms: 600_000 });
	const answers = every.calls.map(
		async ({ webhook: url }) => await call(url, {}).catch(() => undefined),
	);
	await Promise.all(
		every.calls.map(async ({ start }) => await client.runWorkflow(every.workflowId, start)),
	);
	const running = await eventually(
		'all to wait for an answer',
		async () => {
			const executions = await client.listExecutions({
				workflowId: every.workflowId,
				status: ['running'],
			});
			const asking = sandbox.requests.length - before;
			return asking >= every.calls.length * 2 ? executions : undefined;
		},
		120_000,
	);
	await end(running.map(({ id }) => id));
	await Promise.all(answers);
	sandbox.clearFaults();
	for (const { id } of running) await client.retryExecution(id).catch(() => undefined);
}

/** Reads through REST whatever may be read of what has been done. */
async function readEverything(): Promise<void> {
	const { client } = own;
	await pool(await client.listExecutionIds(), 4, async (id) => await client.findExecution(id));
	for (const { id } of await client.listCredentials()) await client.getCredentialData(id);
	for (const { id } of await client.listWorkflows()) await client.getWorkflow(id);
}

/** Searches whatever n8n has written down. */
async function searchKept(sweep: Sweep): Promise<void> {
	sweep.search('log', own.n8n.log());
	sweep.searchFolder(own.userFolder);
	await sweep.searchDatabase(join(own.userFolder, '.n8n', 'database.sqlite'));
}

it('the API key is nowhere, whatever was called and went wrong', async () => {
	const stopListening = await own.client.listen();
	await pool(SCENES, SCENES_AT_ONCE, play);
	await cutOff(async (executions) => {
		await pool(executions, 4, async (id) => await own.client.stopExecution(id));
	});
	await cutOff(async () => {
		said.search('log', own.n8n.log());
		await own.kill();
		await own.start();
	});
	await stopListening();
	await readEverything();
	await searchKept(said);

	asked.safePays += own.sandbox.requests.length;
	console.info(
		`Secrets: ${SCENES.length} scenes; ${asked.safePays} requests to SafePays, ${asked.rest} REST answers and pushes, ` +
			`${asked.webhooks} webhook calls; ${(said.bytes / 1e6).toFixed(0)} MB searched, the key found in ${said.places.length} places.`,
	);
	expect(said.places).toEqual([]);
});

// What n8n does, not this package: docs tell of it as long as it is so.
describe("in n8n's own HTTP Request node, where an answer is no valid JSON, it is kept", () => {
	const gave = async (options: object, start: 'by hand' | 'in production') => {
		const { client, sandbox, credentialId } = own;
		const { invoiceId } = createRecords(sandbox);
		const path = randomUUID();
		const request = node(
			'n8n-nodes-base.httpRequest',
			'HTTP Request',
			{
				url: `${sandbox.url}/api/v2/invoice/${invoiceId}`,
				authentication: 'predefinedCredentialType',
				nodeCredentialType: 'safePaysApi',
				options,
			},
			{ typeVersion: 4.5, credential: credentialId },
		);
		const { id } = await client.createWorkflow(
			workflow([manualTrigger(), webhook(path), request], {
				Start: [request.name],
				Webhook: [request.name],
			}),
		);
		await client.activate({ id });
		sandbox.addFault({ kind: 'brokenJson', afterProcessing: true, times: 1 });
		if (start === 'by hand') await client.runWorkflow(id);
		else await post(`${own.url}/webhook/${path}`, {});
		const [execution] = await client.waitForExecutions(id, 1);
		expect(execution.status).toBe('error');
		const sweep = new Sweep([KEY]);
		sweep.search('execution', stringify(execution.data));
		return sweep.places.length > 0;
	};

	it('in a test execution', async () => {
		expect(await gave({}, 'by hand')).toBe(true);
	});

	it('not in a production execution', async () => {
		expect(await gave({}, 'in production')).toBe(false);
	});

	it('nor where its "Response Format" is set to JSON', async () => {
		expect(await gave({ response: { response: { responseFormat: 'json' } } }, 'by hand')).toBe(
			false,
		);
	});
});

describe('would be found', () => {
	it('where an execution gives it away', async () => {
		const { client } = own;
		const planted = new Sweep([KEY]);
		client.onAnswer = (request, answer) => planted.search(`REST ${request}`, answer);
		const stopListening = await client.listen();
		const path = randomUUID();
		// n8n logs the names of nodes
		const plant = items([{ key: KEY }], `Plant ${KEY}`);
		const { id } = await client.createWorkflow(
			workflow([manualTrigger(), webhook(path, { responseMode: 'lastNode' }), plant], {
				Start: [plant.name],
				Webhook: [plant.name],
			}),
		);
		await client.activate({ id });
		await client.runAndWait(id);
		planted.search('webhook', JSON.stringify(await post(`${own.url}/webhook/${path}`, {})));
		await client.waitForExecutions(id, 2);
		await stopListening();
		await searchKept(planted);
		const where = planted.places.map((place) => place.where.replace(/\d+$/, ''));
		expect(where).toEqual(
			expect.arrayContaining([
				'REST push',
				'REST GET /executions/',
				'webhook',
				'log',
				'table execution_data',
			]),
		);
		expect(where).toContain(`file ${join('.n8n', 'database.sqlite-wal')}`);
		expect(where.some((place) => place.startsWith(`file ${join('.n8n', 'logs')}`))).toBe(true);
	});

	it.each([
		['in a URL', encodeURIComponent],
		['in JSON in JSON', (key: string) => JSON.stringify(JSON.stringify(key))],
		['in base64', (key: string) => Buffer.from(key).toString('base64')],
		[
			'in base64 behind something else',
			(key: string) => Buffer.from(`x=${key}`).toString('base64'),
		],
		['in base64 for a URL', (key: string) => Buffer.from(`?${key}`).toString('base64url')],
		['in hex', (key: string) => Buffer.from(key).toString('hex')],
		['in part', (key: string) => key.slice(key.length / 4, key.length / 2)],
	])('%s', (_form, write) => {
		const planted = new Sweep([KEY]);
		planted.search('here', `… ${write(KEY)} …`);
		expect(planted.places).toMatchObject([{ where: 'here' }]);
	});

	it('and nothing is, where it is not', () => {
		const planted = new Sweep([KEY]);
		planted.search('here', `… ${WRONG_KEY} ${encodeURIComponent(BANNED_KEY)} …`);
		expect(planted.places).toEqual([]);
	});
});
