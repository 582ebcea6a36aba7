import fastify from 'fastify';
import type { AddressInfo } from 'node:net';

import { prepared } from '../../test/support/prepared';
import { getItems } from '../../tools/harness/client';
import { stage } from './stage';

const RECEIPT = {
	to: 'john.doe@example.com',
	subject: 'Receipt for 212 USD',
	text: expect.stringMatching(
		/^Thank you for your payment of 212 USD on .+\n\n1 x Pro Plan: 150 each\n1 x Setup Fee: 50 each\n\nInvoice [0-9a-f-]{36}$/,
	),
};

/** Its invoices report to the example, because both have the same credential. */
const billing = prepared(async () => await stage('bill-a-customer'));
const example = prepared(async () => await stage('invoice-paid'));
/** What the CRM was sent. */
const entries: unknown[] = [];
const crm = fastify();
crm.post('/payments', ({ body }) => {
	entries.push(body);
	return {};
});

beforeAll(async () => {
	await crm.listen({ host: '127.0.0.1', port: 0 });
	const { port } = crm.server.address() as AddressInfo;
	await example.change('Update CRM (replace me)', { url: `http://127.0.0.1:${port}/payments` });
	await example.client.activate(example);
});
afterAll(async () => {
	await crm.close();
	await example.client.deactivate(example);
});

async function billAndPay(): Promise<string> {
	const [{ id }] = getItems(await billing.run(), 'Create Invoice');
	await example.sandbox.pay(String(id));
	return String(id);
}

it('writes the receipt and tells the CRM', async () => {
	const id = await billAndPay();
	const [execution] = await example.client.waitForExecutions(example.id, 1);
	expect(getItems(execution, 'Send Receipt (replace me)')).toEqual([RECEIPT]);
	expect(entries).toEqual([
		{
			email: 'john.doe@example.com',
			invoice_id: id,
			amount: 212,
			currency: 'USD',
			paid_on: expect.any(String),
		},
	]);
	expect(getItems(execution, 'Enter by Hand')).toEqual([]);
});

it('sends the receipt all the same when the CRM cannot be reached, and sets the payment aside', async () => {
	await crm.close();
	const id = await billAndPay();
	const [, execution] = await example.client.waitForExecutions(example.id, 2);
	expect(execution.status).toBe('success');
	expect(getItems(execution, 'Send Receipt (replace me)')).toEqual([RECEIPT]);
	expect(getItems(execution, 'Enter by Hand')).toEqual([
		{ invoice_id: id, email: 'john.doe@example.com' },
	]);
});
