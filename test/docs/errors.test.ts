import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Logger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import type { ICredentialDataDecryptedObject, IDataObject, INode, INodeParameters } from 'n8n-workflow';

import { SafePaysApi } from '../../credentials/SafePaysApi.credentials';
import { SafePays } from '../../nodes/SafePays/SafePays.node';
import { cancelledError, requestError } from '../../nodes/SafePays/transport/errors';
import type { SafePaysRequest } from '../../nodes/SafePays/transport/request';
import type { Fault } from '../../sandbox';
import { execute } from '../engine';
import type { Executed, World } from '../engine';
import { activated } from '../engine/activate';
import { testFunctions } from '../engine/credentialTest';
import { post, triggerWorkflow } from '../engine/webhook';
import { asTool, createInvoices, safePaysWorkflow } from '../engine/workflows';
import { clear, invoiceThatIs, stage } from '../nodes/SafePays/notifications/stage';
import { API_KEY, bills, faultAfter, UNKNOWN_ID, until, useSandbox, worldOf } from '../support';
import { boldIn, codesIn, pageAt, section, tablesIn } from './markdown';
import { keysInCode, messagesInCode } from './messages';

const page = pageAt('docs/errors.md');

/** A row of the page: what is said, with `…` for what differs, and what it tells of the record. */
interface Row {
	says: string;
	status: string;
	created: string;
}

function rowsOf(heading: string): Row[] {
	return tablesIn(section(page, heading)).flatMap(({ header, rows }) =>
		rows
			.filter(([first]) => codesIn(first).length > 0)
			.map((row) => ({
				says: (header[0] === 'SafePays says' ? 'SafePays says: ' : '') + codesIn(row[0])[0],
				status: row[header.indexOf('Status')],
				created: row[header.indexOf('Created?')],
			})),
	);
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Matches a message that is said, from one with `…`. */
const pattern = (message: string) => message.split('…').map(escaped).join('[^]*');

/** A message as it could be said. */
const instance = (message: string) => message.replaceAll('…', 'x');

/** What is said of an item. */
interface Said {
	text: string;
	unconfirmed?: boolean;
}

/** An error's headline without what every one may have. */
const headline = (text: string) => text.replace(/ \[item \d+\]$/, '').replace(/\. The (invoice|customer) may exist all the same$/, '');

/** Each message has one row, and each row is said. */
function expectRows(rows: Row[], all: Said[]): void {
	for (const { text, unconfirmed } of all) {
		const its = rows.filter(({ says }) => new RegExp(`^${pattern(says)}$`).test(headline(text)));
		expect([text, its.map(({ says }) => says)]).toEqual([text, [expect.any(String)]]);
		if (unconfirmed !== undefined && its[0].created !== undefined) {
			expect([text, its[0].created]).toEqual([text, expect.stringMatching(unconfirmed ? /^Perhaps/ : /\bno\b|^Not? /i)]);
		}
	}
	const never = rows.filter(({ says }) => !all.some(({ text }) => new RegExp(`^${pattern(says)}$`).test(headline(text))));
	expect(never).toEqual([]);
}

/** SafePays' documents: what it says, with which status. */
const DOCUMENTED: Array<[words: string, status: number]> = [
	['name and email are required', 400],
	['email or customer_id is required', 400],
	['amount or items are required', 400],
	['Invoice amount must be greater than 0', 400],
	['Invalid redirect_url', 400],
	['Invalid webhook_url', 400],
	['Invalid due_date format. Use YYYY-MM-DD', 400],
	['api_key parameter is required', 400],
	['api_key is required', 401],
	['Invalid API Key', 401],
	['This vendor account has been banned.', 403],
	['Customer not found', 404],
	['Invoice not found', 404],
	['Customer with this email already exists', 409],
	['Payment provider error (status)', 502],
];

const CONTINUE = { onError: 'continueRegularOutput' as const };
const ONE_BY_ONE = { options: { maxConcurrency: 1 } };
const sandboxOf = useSandbox();

/** What is said of the items that fail, or of the run that does. */
function saidBy({ items, error }: Executed): Said[] {
	if (error) return [{ text: error.message }];
	return items.map(({ error: text, details }) => ({
		text: String(text),
		unconfirmed: (details as IDataObject).unconfirmed === true,
	}));
}

const bill = async (options: INodeParameters = {}, world: Partial<World> = {}, parameters: INodeParameters = {}, settings = {}) =>
	saidBy(await execute(worldOf(sandboxOf(), world), createInvoices({ options, ...parameters }, { ...CONTINUE, ...settings }), { items: bills(1) }));

async function billDuring(fault: Fault, options: INodeParameters = {}, settings = {}): Promise<Said[]> {
	sandboxOf().addFault(fault);
	const said = await bill(options, {}, {}, settings);
	sandboxOf().clearFaults();
	return said;
}

async function closedPort(): Promise<string> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return `http://127.0.0.1:${port}`;
}

it('has a row for every message that the code holds', () => {
	const rows = page.tokens
		.flatMap((token) => (token.type === 'heading' ? rowsOf(token.text as string) : []))
		.map(({ says }) => says);
	const code = messagesInCode().map((message) => message.replace(' [item …]', ''));
	const missing = code.filter(
		(message) =>
			!rows.some((row) => new RegExp(`^${pattern(row)}$`).test(instance(message)) || new RegExp(pattern(message)).test(instance(row))),
	);
	expect(missing).toEqual([]);
});

it('names nothing in bold that the editor does not show', () => {
	const names = JSON.stringify([new SafePays().description.properties, new SafePaysApi().properties]);
	expect(boldIn(page.tokens).filter((name) => !names.includes(`isplayName":"${name}"`) && !names.includes(`"name":"${name}"`))).toEqual([]);
});

describe('“What SafePays says”', () => {
	const rows = rowsOf('What SafePays says');

	it('has what SafePays’ documents and the next steps of the code have', () => {
		const said = DOCUMENTED.map(([words, status]) => ({ text: `SafePays says: ${words} (${status})` }));
		expectRows(rows, said);
		const known = keysInCode('nodes/SafePays/transport/errors.ts', 'NEXT_STEPS');
		expect(known.filter((words) => !DOCUMENTED.some(([documented]) => documented === words))).toEqual([]);
	});

	it.each(DOCUMENTED)('is what the node passes on: %s (%i)', async (message, status) => {
		const said = await billDuring({ kind: 'status', status, message });
		expect(said).toHaveLength(1);
		const its = rows.filter(({ says }) => new RegExp(`^${pattern(says)}$`).test(headline(said[0].text)));
		expectRows(its, said);
	});
});

it('“How to read an error” says how an unconfirmed create is told', async () => {
	for (const fault of ['resetAfter', 'emptyBody'] as const) {
		const [{ text, unconfirmed }] = await billDuring({ kind: fault });
		expect(unconfirmed).toBe(true);
		const [{ says }] = rowsOf('How to read an error');
		expect(text).toMatch(new RegExp(`^${pattern(says)} \\[item 0\\]$`));
	}
});

it('“What the node says” is what it says, and all of it', async () => {
	const node = { name: 'SafePays' } as INode;
	const request: SafePaysRequest = { method: 'POST', path: '/', record: 'invoice', summary: '' };
	const unreachable = (code: string) =>
		requestError(node, 0, 'unreachable', { failure: 'unreachable', code }, request, (text) => text).message;
	const waitFor = async (count: number, world: Partial<World> = {}) =>
		saidBy(await execute(worldOf(sandboxOf(), world), createInvoices({ operation: 'createAndWait' }), { items: bills(count) }));
	const safePays = { credentials: { apiKey: API_KEY, baseUrl: 'https://app.safepays.com' } };

	const said = [
		...(await billDuring({ kind: 'status', status: 429 }, { rateLimitWait: 0 })),
		...(await billDuring({ kind: 'slow', ms: 2000 }, { timeout: 0.2 })),
		...(await billDuring({ kind: 'resetBefore' })),
		...(await bill({}, { credentials: { apiKey: API_KEY, baseUrl: await closedPort() } })),
		...(await bill({}, { credentials: { apiKey: API_KEY, baseUrl: 'http://safepays.invalid' } })),
		...['DEPTH_ZERO_SELF_SIGNED_CERT', 'EHOSTUNREACH'].map((code) => ({ text: unreachable(code), unconfirmed: false })),
		...(await billDuring({ kind: 'html', status: 502 })),
		...(await billDuring({ kind: 'html', status: 200 })),
		...(await billDuring({ kind: 'html', status: 403 })),
		...(await billDuring({ kind: 'resetAfter', times: 1 }, {}, { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 })),
		{ text: cancelledError(node, 0, request, (text) => text).message, unconfirmed: false },
		...(await waitFor(51)),
		...(await waitFor(1, safePays)),
		...(await bill({}, {}, { operation: 'delete' })),
		...saidBy(await execute(worldOf(sandboxOf()), asTool(createInvoices({ operation: 'createAndWait' }, CONTINUE)), { items: bills(1) })),
	];
	const workflowId = 'taken';
	sandboxOf().addFault({ kind: 'resetAfter', times: 1 });
	await bill({}, { workflowId }, { uniqueKey: 'order-1' });
	said.push(...(await bill({}, { workflowId }, { uniqueKey: 'order-1' })));
	expectRows(rowsOf('What the node says'), said);
});

it('“About a field” is what it says, and all of it', async () => {
	const customer = { resource: 'customer', operation: 'create', name: 'John', email: 'john@example.com' };
	const invoice = { resource: 'invoice', operation: 'create', email: 'john@example.com', amount: 1 };
	const json = { ...invoice, priceBy: 'items', itemsFrom: 'json' };
	const cases: INodeParameters[] = [
		// What is left empty in the editor, n8n itself refuses.
		{ ...customer, name: '={{ "" }}' },
		{ ...customer, email: 'nobody' },
		{ resource: 'invoice', operation: 'get', invoiceId: '42' },
		{ ...invoice, amount: 'ten' },
		{ ...invoice, amount: 0 },
		{ ...json, lineItemsJson: '[{ "title": "A", "qty": 0, "price": 1 }]' },
		{ ...invoice, additionalFields: { redirectUrl: 'example.com' } },
		{ ...invoice, additionalFields: { dueDate: 'soon' } },
		{ ...json, lineItemsJson: '={{ { title: "A" } }}' },
		{ ...json, lineItemsJson: '{' },
	];
	const said: Said[] = [];
	for (const parameters of cases) {
		said.push(...saidBy(await execute(worldOf(sandboxOf()), safePaysWorkflow(parameters, CONTINUE))));
	}
	expect(sandboxOf().requests).toEqual([]);
	const typed = new SafePays().description.properties.flatMap(({ modes = [] }) =>
		modes.flatMap(({ validation = [] }) =>
			validation.flatMap((rule) => ('properties' in rule ? [{ text: String((rule.properties as IDataObject).errorMessage) }] : [])),
		),
	);
	expectRows(rowsOf('About a field'), [...said, ...typed]);
});

it('“What is said beside it” is what it says, and all of it', async () => {
	const described: string[] = [];
	const run = async (items: IDataObject[], fault: () => void, parameters: INodeParameters = ONE_BY_ONE, world = worldOf(sandboxOf()), more = {}) => {
		fault();
		const executed = await execute(world, createInvoices(parameters), { items, ...more });
		sandboxOf().clearFaults();
		described.push(...(executed.error?.description ?? '').split('<br />'), ...executed.hints);
		return executed;
	};
	const none = () => undefined;
	await run(bills(3), () => faultAfter(sandboxOf(), 1, { kind: 'resetAfter' }));
	await run([...bills(1), { email: 'a', amount: 1 }, { email: 'b', amount: 1 }, { email: 'c', amount: 1 }], none);
	await run(bills(1), () => sandboxOf().addFault({ kind: 'status', status: 429, headers: { 'Retry-After': '2' }, times: 1 }));
	// All are on their way as the first is cut off; the next try ends at that one.
	const world = worldOf(sandboxOf());
	const retryOf = await run(bills(3), () => sandboxOf().addFault({ kind: 'resetBefore', ms: 100 }), { options: { maxConcurrency: 3 } }, world);
	await run([], none, ONE_BY_ONE, world, { retryOf, withSavedWorkflow: true });

	const rows = rowsOf('What is said beside it').map(({ says }) => says);
	for (const row of rows) {
		const its = described.filter((text) => new RegExp(`(^|\\. )${pattern(row)}`).test(text));
		expect([row, its.length > 0]).toEqual([row, true]);
	}
	expect(described.length).toBeGreaterThan(rows.length);
});

it('“When the credential is tested” is what it says, and all of it', async () => {
	const { testCredential } = new SafePays().methods.credentialTest;
	const test = async (data: ICredentialDataDecryptedObject = {}, fault?: Fault) => {
		sandboxOf().clearFaults();
		if (fault) sandboxOf().addFault(fault);
		const credential = { id: '1', name: 'SafePays', type: 'safePaysApi', data: { apiKey: API_KEY, baseUrl: sandboxOf().url, ...data } };
		return { text: (await testCredential.call(testFunctions(), credential)).message };
	};
	const said = [
		await test(),
		await test({ apiKey: '' }),
		await test({ baseUrl: 'app.safepays.com' }),
		await test({ apiKey: 'another-key' }),
		await test({ apiKey: 'sandbox-banned-key' }),
		await test({}, { kind: 'status', status: 429 }),
		await test({}, { kind: 'status', status: 500 }),
		await test({}, { kind: 'html', status: 503 }),
		await test({}, { kind: 'html', status: 404 }),
		await test({ baseUrl: `${sandboxOf().url}/api/v2` }, { kind: 'status', status: 404, message: 'Not found' }),
		await test({ baseUrl: await closedPort() }),
	];
	expectRows(rowsOf('When the credential is tested'), said);
});

describe('notifications', () => {
	afterEach(clear);

	it('“In n8n’s log” is what it says, and all of it', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Paid');
		n8n.world.credentials.apiKey = 'a-key-that-is-wrong';
		await post(url, { id });
		n8n.meddle = (context) => {
			context.getCredentials = async () => await Promise.reject(new Error('Credential with ID "1" does not exist'));
			context.getBodyData = () => {
				throw new Error('Request is missing');
			};
		};
		await post(url, { id });
		n8n.meddle = undefined;
		n8n.world.credentials.baseUrl = await closedPort();
		await post(url, { id });
		const { log } = await activated('http://localhost:5678', 'https://app.safepays.com');

		const warn = jest.spyOn(Container.get(Logger), 'warn');
		sandboxOf().setLatency(150);
		const cancelled = await execute(worldOf(sandboxOf()), createInvoices(), {
			items: bills(20),
			onStart: (running) => void until(() => sandboxOf().requests.length > 0).then(() => running.cancel()),
		});
		expect(cancelled.run.status).toBe('canceled');
		await until(() => warn.mock.calls.length > 0);
		const warned = warn.mock.calls.flat().filter((words) => typeof words === 'string');
		warn.mockRestore();

		expectRows(rowsOf("In n8n's log"), [...n8n.log, ...log, ...warned].map((text) => ({ text: String(text) })));
	});

	it('“What a notification is answered” is what it says, and all of it', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const answers = [
			await post(url, {}),
			await post(url, { id: UNKNOWN_ID }),
			await post(url, { id: await invoiceThatIs(sandbox, 'Invoice Created') }),
		];
		sandbox.addFault({ kind: 'status', status: 429 });
		answers.push(await post(url, { id: UNKNOWN_ID }));
		const rows = rowsOf('What a notification is answered').map(({ says, status }) => [says, status]);
		expect(rows).toEqual(answers.map(({ body, status }) => [(body as IDataObject).error, String(status)]));
	});
});
