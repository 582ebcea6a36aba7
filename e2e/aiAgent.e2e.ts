import type { INodePropertyOptions, INodeTypeDescription } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import { prepared } from '../test/support/prepared';
import type { Execution } from '../tools/harness/client';
import { getItems } from '../tools/harness/client';
import type { ModelRequest, OfferedTool, Reply, Turn } from '../tools/harness/model';
import { startStubModel } from '../tools/harness/model';
import type { NodeJson, NodeSettings } from '../tools/harness/workflow';
import {
	manualTrigger,
	node,
	safePaysTool,
	withSubNodes,
	workflow,
} from '../tools/harness/workflow';
import { getWorld } from './world';

const world = prepared(getWorld);
const model = prepared(startStubModel);
const openAi = prepared(
	async () =>
		await world.client.createCredential({
			name: 'Stub model',
			type: 'openAiApi',
			data: { apiKey: 'of-the-model', url: model.url },
		}),
);
beforeEach(async () => await world.sandbox.reset());
afterAll(async () => await model.close());

/** What the editor writes when the user lets the model fill in a field: without a description. */
const fromAi = (key: string, type = 'string') =>
	`={{ /*n8n-auto-generated-fromAI-override*/ $fromAI('${key}', \`\`, '${type}') }}`;

// The names that the editor gives to such tools; the model sees them with underscores.
const createCustomer = (settings?: NodeSettings) =>
	tool(
		'Create a customer in SafePays',
		{ resource: 'customer', operation: 'create', name: fromAi('Name'), email: fromAi('Email') },
		settings,
	);
const createInvoice = (parameters: object = {}, settings?: NodeSettings) =>
	tool(
		'Create an invoice in SafePays',
		{
			resource: 'invoice',
			operation: 'create',
			email: fromAi('Email'),
			amount: fromAi('Amount', 'number'),
			currency: fromAi('Currency'),
			...parameters,
		},
		settings,
	);
const getCustomer = () =>
	tool('Get a customer in SafePays', {
		resource: 'customer',
		operation: 'get',
		customerId: { __rl: true, mode: 'id', value: fromAi('Customer') },
	});
const getInvoice = () =>
	tool('Get an invoice in SafePays', {
		resource: 'invoice',
		operation: 'get',
		invoiceId: { __rl: true, mode: 'id', value: fromAi('Invoice') },
	});

function tool(
	name: string,
	parameters: Record<string, unknown>,
	settings: NodeSettings = {},
): NodeJson {
	return safePaysTool(name, parameters, { credential: world.credentialId, ...settings });
}

const callTool = (name: string, given: object): Reply => ({
	call: [{ tool: name, arguments: given }],
});
const BILL = { Email: 'john@example.com', Amount: 200, Currency: 'USD' };
const create = (given: object = {}) =>
	callTool('Create_an_invoice_in_SafePays', { ...BILL, ...given });
const DONE: Reply = { say: 'Done' };

interface Agent {
	/** 3 unless given; those before 3 run their tools themselves. */
	agentVersion?: number;
	/** From 1.3 on it uses the Responses API, which agents before 3 cannot. */
	modelVersion?: number;
}

const AGENTS: Array<[string, Agent]> = [
	['an agent', {}],
	['an agent with chat completions', { modelVersion: 1.2 }],
	['an older agent', { agentVersion: 2.2, modelVersion: 1.2 }],
];

/** Runs an agent with these tools, whose model answers with these turns and never gets the API key. */
async function run(
	tools: NodeJson[],
	turns: Turn[],
	{ agentVersion = 3, modelVersion = 1.3 }: Agent = {},
): Promise<Execution> {
	model.play(...turns);
	const agent = node(
		'@n8n/n8n-nodes-langchain.agent',
		'AI Agent',
		{ promptType: 'define', text: 'Bill John two hundred dollars.', options: {} },
		{ typeVersion: agentVersion },
	);
	const chatModel = {
		...node(
			'@n8n/n8n-nodes-langchain.lmChatOpenAi',
			'OpenAI Chat Model',
			{ model: { __rl: true, mode: 'id', value: 'stub' }, options: {} },
			{ typeVersion: modelVersion },
		),
		credentials: { openAiApi: { id: openAi.id, name: openAi.name } },
	};
	const { id } = await world.client.createWorkflow(
		withSubNodes(workflow([manualTrigger(), agent]), 'AI Agent', {
			ai_languageModel: [chatModel],
			ai_tool: tools,
		}),
	);
	const execution = await world.client.runAndWait(id, { timeout: 50_000 });
	expect(model.requests.map(({ received }) => received).join()).not.toContain(world.apiKey);
	return execution;
}

/** What came back to the model from the last tool that it has called. */
const lastResult = ({ toolResults }: ModelRequest = model.requests.at(-1) as ModelRequest) =>
	toolResults.at(-1) ?? '';

/** The first item of that. */
const lastItem = (request?: ModelRequest) =>
	(JSON.parse(lastResult(request)) as Array<Record<string, unknown>>)[0];

const invoices = async () => (await world.sandbox.state()).invoices;
const posts = async () =>
	(await world.sandbox.state()).requests.latest.filter(({ method }) => method === 'POST');

describe('what a model is told', () => {
	let offered: Record<string, OfferedTool>;
	beforeAll(async () => {
		await run([createCustomer(), getCustomer(), createInvoice(), getInvoice()], [DONE]);
		offered = Object.fromEntries(model.requests[0].tools.map((each) => [each.name, each]));
	});

	it('has a tool for each operation, with the fields that it may fill in', () => {
		const fields = Object.entries(offered).map(([name, { parameters }]) => [
			name,
			parameters.properties,
		]);
		expect(Object.fromEntries(fields)).toEqual({
			Create_a_customer_in_SafePays: { Name: { type: 'string' }, Email: { type: 'string' } },
			Get_a_customer_in_SafePays: { Customer: { type: 'string' } },
			Create_an_invoice_in_SafePays: {
				Email: { type: 'string' },
				Amount: { type: 'number' },
				Currency: { type: 'string' },
			},
			Get_an_invoice_in_SafePays: { Invoice: { type: 'string' } },
		});
	});

	// The fields come without descriptions, so this is where a model can learn it.
	it.each([
		[
			'Create_an_invoice_in_SafePays',
			/a real bill/,
			/200 is two hundred dollars/,
			/three-letter code/,
			/payment_link/,
			/do not create it again/,
		],
		[
			'Get_an_invoice_in_SafePays',
			/ID \(a UUID\)/,
			/only "Paid" means that it is paid/,
			/"Unpaid" \(past its due date\)/,
		],
		[
			'Create_a_customer_in_SafePays',
			/full name and an email address/,
			/customer with this email address already/,
		],
		['Get_a_customer_in_SafePays', /ID \(a UUID\)/, /paid invoices/, /not find customers by name/],
	])('of %s: what it does and what its values mean', (name, ...essentials) => {
		for (const essential of essentials) expect(offered[name].description).toMatch(essential);
	});

	it('is what the user has written instead', async () => {
		const worded = { descriptionType: 'manual', toolDescription: 'Bill for the yearly plan.' };
		await run([createInvoice(worded)], [DONE]);
		expect(model.requests[0].tools[0].description).toBe('Bill for the yearly plan.');
	});
});

describe.each(AGENTS)('%s', (_name, versions) => {
	it('creates a customer and an invoice as the model asks, and tells it whether the invoice is paid', async () => {
		let invoiceId = '';
		const execution = await run(
			[createCustomer(), createInvoice(), getInvoice()],
			[
				callTool('Create_a_customer_in_SafePays', { Name: 'John Doe', Email: 'john@example.com' }),
				create({ Amount: 19.9, Currency: 'EUR' }),
				(request) => {
					invoiceId = String(lastItem(request).id);
					return callTool('Get_an_invoice_in_SafePays', { Invoice: invoiceId });
				},
				DONE,
			],
			versions,
		);
		expect(getItems(execution, 'AI Agent')).toMatchObject([{ output: 'Done' }]);
		const { customers, ...state } = await world.sandbox.state();
		expect(customers).toMatchObject([{ name: 'John Doe', email: 'john@example.com' }]);
		expect(state.invoices).toMatchObject([
			{ id: invoiceId, baseAmount: 19.9, currency: 'EUR', email: 'john@example.com' },
		]);
		const [, , created] = model.requests;
		expect(lastItem(created)).toMatchObject({
			payment_link: expect.stringContaining(`${world.sandboxUrl}/`),
		});
		expect(lastItem()).toMatchObject({ id: invoiceId, status: 'Invoice Created' });

		await world.sandbox.pay(invoiceId);
		await run(
			[getInvoice()],
			[callTool('Get_an_invoice_in_SafePays', { Invoice: invoiceId }), DONE],
			versions,
		);
		expect(lastItem()).toMatchObject({ id: invoiceId, status: 'Paid', currency: 'EUR' });
	});

	it('tells the model what was wrong with its values, and sends nothing', async () => {
		await run(
			[createInvoice()],
			[create({ Email: 'John Doe' }), create({ Amount: -1 }), DONE],
			versions,
		);
		const [, first, second] = model.requests;
		expect(lastResult(first)).toMatch(
			/Email.*is not an email address.*John Doe.*Enter one address.*Nothing was sent/,
		);
		expect(lastResult(second)).toMatch(/Amount.*must be more than 0/);
		expect(await posts()).toEqual([]);
	});

	it("tells the model SafePays' words when it refuses, so that it can ask again", async () => {
		await world.sandbox.addFault({
			kind: 'status',
			status: 400,
			message: 'Invalid webhook_url',
			times: 1,
		});
		await run([createInvoice()], [create(), create(), DONE], versions);
		const [, refused] = model.requests;
		expect(lastResult(refused)).toMatch(
			/SafePays says: Invalid webhook_url \(400\).*Check .{1,3}When Paid/,
		);
		expect(lastItem()).toMatchObject({ base_amount: 200 });
		expect(await invoices()).toHaveLength(1);
	});

	it.each([
		['breaks the connection after creating', { kind: 'resetAfter', times: 1 }],
		['fails after creating', { kind: 'status', status: 502, afterProcessing: true, times: 1 }],
	] as const)(
		'does not create an invoice again when SafePays %s, however often the model asks',
		async (_what, fault) => {
			await world.sandbox.addFault(fault);
			const other = create({ Email: 'jane@example.com' });
			await run([createInvoice()], [create(), create(), other, create(), DONE], versions);
			const [, unclear, repeated, ofOther, last] = model.requests;
			for (const request of [unclear, repeated, last]) {
				expect(lastResult(request)).toMatch(
					/Do not create it again\. Tell the user to look in SafePays for an invoice of 200 USD to john@example.com, sent at \d{4}-/,
				);
			}
			expect(lastResult(unclear)).toMatch(/The invoice may have been created anyway/);
			expect(lastResult(repeated)).toMatch(/Not sent again/);
			expect(lastItem(ofOther)).toMatchObject({ email: 'jane@example.com' });
			expect((await invoices()).map(({ email }) => email)).toEqual([
				'john@example.com',
				'jane@example.com',
			]);
		},
	);

	it('does not create an invoice again with "Retry On Fail"', async () => {
		await world.sandbox.addFault({ kind: 'resetAfter', times: 1 });
		const retrying = createInvoice({}, { retryOnFail: true, maxTries: 3, waitBetweenTries: 10 });
		await run([retrying], [create(), DONE], versions);
		expect(lastResult()).toMatch(/Do not create it again/);
		expect(await invoices()).toHaveLength(1);
	});

	it('has no "Wait for Payment"', async () => {
		const execution = await run(
			[createInvoice({ operation: 'waitForPayment' })],
			[create(), DONE],
			versions,
		);
		expect(execution.status).toBe('success');
		expect(lastResult()).toMatch(/Wait for Payment.*cannot be used as a tool.*Nothing was created/);
		expect(await posts()).toEqual([]);
	});

	it('never shows the API key to the model, even if SafePays repeats it', async () => {
		await world.sandbox.addFault({ kind: 'echoKey', times: 1 });
		await run([createInvoice()], [create(), DONE], versions);
		expect(lastResult()).toMatch(/SafePays says: /);
	});
});

it('tells the model more about a failure that is handed on as an item', async () => {
	await world.sandbox.addFault({ kind: 'resetAfter', times: 1 });
	await run([createInvoice({}, { onError: 'continueRegularOutput' })], [create(), DONE]);
	expect(lastItem()).toEqual({
		error: expect.stringContaining('The invoice may have been created anyway'),
		details: { unconfirmed: true, description: expect.stringContaining('Do not create it again') },
	});
});

it('does not offer "Wait for Payment" in the editor', async () => {
	const { n8nUrl, client } = world;
	const response = await fetch(`${n8nUrl}/types/nodes.json`, {
		headers: { cookie: client.cookie ?? '' },
	});
	const types = (await response.json()) as INodeTypeDescription[];
	const listOffered = (type: string) => {
		const description = types.find(({ name }) => name === type) as INodeTypeDescription;
		return description.properties
			.filter(({ name }) => name === 'operation')
			.flatMap(({ options }) => options as INodePropertyOptions[])
			.filter((option) => NodeHelpers.displayParameter({}, option, null, description))
			.map(({ value }) => value);
	};
	const ofNode = listOffered('n8n-nodes-safepays.safePays');
	expect(ofNode).toContain('waitForPayment');
	expect(listOffered('n8n-nodes-safepays.safePaysTool')).toEqual(
		ofNode.filter((value) => value !== 'waitForPayment'),
	);
});

it('lets the model fill in optional fields and line items, or leave them empty', async () => {
	const billed = createInvoice({
		amount: undefined,
		priceBy: 'items',
		itemsFrom: 'json',
		lineItemsJson: fromAi('Line_Items__JSON_', 'json'),
		additionalFields: { dueDate: fromAi('Due_Date'), redirectUrl: fromAi('Redirect_URL') },
	});
	const items = [{ title: 'Pro Plan', qty: 2, price: 49.5 }];
	const given = { Due_Date: '2030-04-30', Redirect_URL: 'https://example.com/thanks' };
	await run(
		[billed],
		[
			create({ ...given, Line_Items__JSON_: items }),
			create({ Due_Date: '', Redirect_URL: '', Line_Items__JSON_: JSON.stringify(items) }),
			DONE,
		],
	);
	const [first, second] = (await posts()).map(({ body }) => body as object);
	expect(first).toMatchObject({
		items,
		due_date: '2030-04-30',
		redirect_url: 'https://example.com/thanks',
	});
	expect(second).toMatchObject({ items });
	expect(Object.keys(second).sort()).toEqual(['currency', 'email', 'items', 'webhook_url']);
});

it('creates an invoice for each call that succeeds, and one for each unique key', async () => {
	const twice = {
		call: [create(), create()].flatMap((reply) => ('call' in reply ? reply.call : [])),
	};
	await run([createInvoice()], [twice, DONE]);
	expect(await invoices()).toHaveLength(2);

	await world.sandbox.reset();
	const order = { Unique_Key: 'order-1042' };
	await run(
		[createInvoice({ uniqueKey: fromAi('Unique_Key') })],
		[create(order), create(order), DONE],
	);
	const [{ id }, ...others] = await invoices();
	expect(others).toEqual([]);
	expect(lastItem()).toMatchObject({ id, reused: true });
});

it('does not send the model after another unique key', async () => {
	await world.sandbox.addFault({ kind: 'resetAfter', times: 1 });
	const keyed = createInvoice({ uniqueKey: fromAi('Unique_Key') });
	const order = { Unique_Key: 'order-1042' };
	await run([keyed], [create(order), create({ ...order, Amount: 201 }), DONE]);
	// The second where n8n has no table of unique keys (before 2.6), which would know the first request.
	expect(lastResult()).toMatch(
		/unique key.*(was used for another request.*do not create it again|is taken.*Do not try another key)/,
	);
	expect(await invoices()).toHaveLength(1);
});

it('creates nothing again when the model fails and the execution is retried', async () => {
	const { client } = world;
	const failed = await run([createInvoice()], [create(), { status: 400 }]);
	expect(failed.status).toBe('error');
	const [{ id }] = await invoices();

	model.play(DONE);
	const retried = await client.waitForExecution(await client.retryExecution(failed.id));
	expect(retried.status).toBe('success');
	expect(lastItem()).toMatchObject({ id });
	expect(await invoices()).toHaveLength(1);
});
