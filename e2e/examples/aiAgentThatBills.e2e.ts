import { prepared } from '../../test/support/prepared';
import type { Reply } from '../../tools/harness/model';
import { startStubModel } from '../../tools/harness/model';
import { post } from '../../tools/harness/post';
import type { NodeJson } from '../../tools/harness/workflow';
import { findExample, stage } from './stage';

const model = prepared(startStubModel);
const example = prepared(async () => await stage('ai-agent-that-bills'));
let chatUrl: string;

beforeAll(async () => {
	const { client, id, webhookUrl } = example;
	const { id: modelCredential, name } = await client.createCredential({
		name: 'Stub model of the example',
		type: 'openAiApi',
		data: { apiKey: 'of-the-model', url: model.url },
	});
	const choose = (node: NodeJson) =>
		node.name === 'OpenAI Chat Model'
			? { ...node, credentials: { openAiApi: { id: modelCredential, name } } }
			: node;
	const { nodes } = await client.getWorkflow(id);
	await client.updateWorkflow(id, { nodes: nodes.map(choose) });
	// what the editor's chat panel does takes a socket to n8n; a public chat takes a request
	await example.change('When chat message received', { public: true });
	await client.activate(example);
	const trigger = findExample('ai-agent-that-bills').nodes.find(({ type }) =>
		type.endsWith('.chatTrigger'),
	);
	chatUrl = `${webhookUrl}/webhook/${trigger?.webhookId}/chat`;
});
afterAll(async () => {
	await model.close();
	await example.client.deactivate(example);
});

/** Writes to the agent, whose model answers with these turns; resolves with the agent's answer. */
async function chat(chatInput: string, ...turns: Reply[]): Promise<string> {
	model.play(...turns);
	const { body } = await post(chatUrl, { action: 'sendMessage', sessionId: 'a chat', chatInput });
	return (body as { output: string }).output;
}

const callTool = (tool: string, given: object): Reply => ({ call: [{ tool, arguments: given }] });
const BILL = callTool('Create_an_invoice_in_SafePays', {
	Email: 'jane@example.com',
	Amount: 200,
	Currency: 'USD',
	Order_Number: '1042',
});

/** The first item that the model got from the tool that it called last. */
const toolItem = () => {
	const result = model.requests.at(-1)?.toolResults.at(-1) ?? '';
	return (JSON.parse(result) as Array<Record<string, unknown>>)[0];
};

it('bills in a conversation, an order once, and knows when it is paid', async () => {
	const asked = await chat('Bill jane@example.com 200 dollars for order 1042', { say: 'Shall I?' });
	expect(asked).toBe('Shall I?');
	expect(model.requests[0].tools.map(({ name }) => name).sort()).toEqual([
		'Create_a_customer_in_SafePays',
		'Create_an_invoice_in_SafePays',
		'Get_an_invoice_in_SafePays',
	]);

	expect(await chat('Yes', BILL, { say: 'Here is the link' })).toBe('Here is the link');
	expect(model.requests[0].received).toContain('200 dollars for order 1042');
	const [invoice] = await example.invoices();
	expect(invoice).toMatchObject({ email: 'jane@example.com', baseAmount: 200 });
	expect(toolItem()).toMatchObject({ id: invoice.id, payment_link: expect.any(String) });

	await chat('Bill her for order 1042', BILL, { say: 'That is billed already' });
	expect(toolItem()).toMatchObject({ id: invoice.id, reused: true });
	expect(await example.invoices()).toHaveLength(1);

	await example.sandbox.pay(invoice.id);
	const get = callTool('Get_an_invoice_in_SafePays', { Invoice: invoice.id });
	await chat('Has she paid?', get, { say: 'She has' });
	expect(toolItem()).toMatchObject({ id: invoice.id, status: 'Paid' });
});

it('creates the customer, or says that there is one', async () => {
	const create = callTool('Create_a_customer_in_SafePays', {
		Name: 'Joe',
		Email: 'joe@example.com',
	});
	await chat('Joe is a new customer: joe@example.com', create, { say: 'Done' });
	expect(toolItem()).toMatchObject({ name: 'Joe', email: 'joe@example.com' });
	await chat('Once more', create, { say: 'There is one' });
	expect(toolItem()).toMatchObject({ alreadyExists: true, email: 'joe@example.com' });
});
