import { prepared } from '../test/support/prepared';
import { getError, getOutput, getItems } from '../tools/harness/client';
import type { NodeSettings } from '../tools/harness/workflow';
import { items, manualTrigger, noOp, safePays, workflow } from '../tools/harness/workflow';
import { getWorld, UNKNOWN_ID } from './world';

const world = prepared(getWorld);
beforeEach(async () => await world.sandbox.reset());

/** Runs the SafePays node on these items and returns its execution. */
async function run(
	parameters: Record<string, unknown>,
	input: object[] = [{}],
	settings: NodeSettings = {},
) {
	const { client, credentialId } = world;
	const { id } = await client.createWorkflow(
		workflow(
			[
				manualTrigger(),
				items(input),
				safePays(parameters, { credential: credentialId, ...settings }),
				noOp('Done'),
				noOp('Failed'),
			],
			{ Start: ['Items'], Items: ['SafePays'], SafePays: [['Done'], ['Failed']] },
		),
	);
	return await client.runAndWait(id);
}

/** The same, for what comes out of the node. */
const runForItems = async (...given: Parameters<typeof run>) =>
	getItems(await run(...given), 'SafePays');

const invoice = {
	resource: 'invoice',
	operation: 'create',
	email: '={{ $json.email }}',
	amount: '={{ $json.amount }}',
};

const john = {
	resource: 'customer',
	operation: 'create',
	name: 'John',
	email: 'john@example.com',
};

it('creates a customer with all its fields', async () => {
	const execution = await run({
		resource: 'customer',
		operation: 'create',
		name: 'John Doe',
		email: 'john@example.com',
		additionalFields: {
			group: 'Premium Customers',
			preferredCurrency: 'eur',
			addressLine1: '123 Main Street',
			addressLine2: 'Apt 4B',
			city: 'New York',
			state: 'NY',
			zip: 10001,
			country: 'USA',
		},
	});
	expect(getItems(execution, 'SafePays')).toEqual([
		{
			id: expect.stringMatching(/^[0-9a-f-]{36}$/),
			name: 'John Doe',
			email: 'john@example.com',
			group: 'Premium Customers',
			preferred_currency: 'EUR',
			address_line1: '123 Main Street',
			address_line2: 'Apt 4B',
			city: 'New York',
			state: 'NY',
			zip: '10001',
			country: 'USA',
			created_on: expect.any(String),
		},
	]);
});

it('says that a customer exists already, or goes on if asked to', async () => {
	await run(john);
	expect(getError(await run(john), 'SafePays')).toMatchObject({
		httpCode: '409',
		message: expect.stringContaining('Customer with this email already exists'),
		description: expect.stringContaining('"If Customer Exists"'),
	});
	expect(await runForItems({ ...john, ifExists: 'continue' })).toEqual([
		{ alreadyExists: true, name: 'John', email: 'john@example.com' },
	]);
});

it('creates an invoice from line items for a customer, in the time zone of the workflow', async () => {
	const [customer] = await runForItems(john);
	const execution = await run({
		resource: 'invoice',
		operation: 'create',
		billTo: 'customer',
		customerId: {
			__rl: true,
			mode: 'url',
			value: `https://app.safepays.com/dashboard/customer/${customer.id as string}`,
		},
		priceBy: 'items',
		lineItems: {
			item: [
				{ title: 'Pro Plan', qty: 2, price: 50 },
				{ title: 'Setup Fee', qty: 1, price: 25 },
			],
		},
		currency: 'EUR',
		additionalFields: { dueDate: '2030-04-30T00:00:00', redirectUrl: 'https://example.com/thanks' },
	});
	expect(getItems(execution, 'SafePays')).toMatchObject([
		{
			base_amount: 125,
			currency: 'EUR',
			email: 'john@example.com',
			customer_id: customer.id,
			due_date: '2030-04-30',
		},
	]);
});

it('gets an invoice and a customer with the paid invoices', async () => {
	const { sandbox } = world;
	const [customer] = await runForItems(john);
	const [created] = await runForItems(invoice, [{ email: 'john@example.com', amount: 200 }]);
	await sandbox.pay(String(created.id));

	const [fetched] = await runForItems({
		resource: 'invoice',
		operation: 'get',
		invoiceId: { __rl: true, mode: 'id', value: created.id },
	});
	expect(fetched).toMatchObject({ id: created.id, status: 'Paid', amount: 212 });

	const customerId = { __rl: true, mode: 'id', value: customer.id };
	const get = { resource: 'customer', operation: 'get', customerId };
	const [whole] = await runForItems(get);
	expect(whole).toMatchObject({
		id: customer.id,
		total_paid_count: 1,
		total_paid_amount: { USD: 212 },
		paid_invoices: [{ id: created.id }],
	});
	expect(await runForItems({ ...get, output: 'paidInvoices' })).toMatchObject([
		{ id: created.id, status: 'Paid' },
	]);
});

it('puts a failed item on the error output, with status and words', async () => {
	const [created] = await runForItems(invoice, [{ email: 'a@example.com', amount: 1 }]);
	const execution = await run(
		{ resource: 'invoice', operation: 'get', invoiceId: '={{ $json.id }}' },
		[{ id: created.id }, { id: UNKNOWN_ID }],
		{ onError: 'continueErrorOutput' },
	);
	expect(getItems(execution, 'Done')).toMatchObject([{ id: created.id }]);
	expect(getItems(execution, 'Failed')).toEqual([
		{
			id: UNKNOWN_ID,
			error: expect.stringContaining('Invoice not found'),
			details: expect.objectContaining({ httpCode: '404' }),
		},
	]);
	expect(getOutput(execution, 'SafePays', 1)?.[0].pairedItem).toEqual({ item: 1 });
});

it('creates nothing twice when "Retry On Fail" runs the node again', async () => {
	await world.sandbox.addFault({
		kind: 'status',
		status: 400,
		message: 'No luck',
		on: { method: 'POST' },
		times: 1,
	});
	const execution = await run(
		invoice,
		[
			{ email: 'a@example.com', amount: 1 },
			{ email: 'b@example.com', amount: 2 },
		],
		{
			retryOnFail: true,
			maxTries: 3,
			waitBetweenTries: 10,
		},
	);
	expect(execution.status).toBe('success');
	const { invoices } = await world.sandbox.state();
	expect(invoices.map(({ email }) => email).sort()).toEqual(['a@example.com', 'b@example.com']);
});

it('creates nothing twice when a failed execution is retried in the editor', async () => {
	const { client, sandbox } = world;
	await sandbox.addFault({ kind: 'status', status: 403, on: { method: 'POST' }, times: 1 });
	const failed = await run({ ...invoice, options: { maxConcurrency: 2 } }, [
		{ email: 'a@example.com', amount: 1 },
		{ email: 'b@example.com', amount: 2 },
	]);
	expect(failed.status).toBe('error');
	const before = (await sandbox.state()).invoices;
	expect(before).toHaveLength(1);
	expect(getError(failed, 'SafePays')?.description).toContain(before[0].id);

	const retried = await client.waitForExecution(await client.retryExecution(failed.id));
	expect(retried.status).toBe('success');
	expect(getItems(retried, 'SafePays').map(({ email }) => email)).toEqual([
		'a@example.com',
		'b@example.com',
	]);
	expect((await sandbox.state()).invoices).toHaveLength(2);
});
