import { prepared } from '../../test/support/prepared';
import { getItems } from '../../tools/harness/client';
import { stage } from './stage';

/** Bills without an order number. */
const billing = prepared(async () => await stage('bill-a-customer'));
const example = prepared(async () => await stage('from-payment-to-order'));
beforeAll(async () => {
	await example.client.activate(example);
});
afterAll(async () => await example.client.deactivate(example));

it('finds the order that was paid for, and what else was noted with it', async () => {
	const [link] = getItems(await example.run(), 'Payment Link');
	expect(link.already_billed).toBe(false);
	const [{ id }] = await example.invoices();
	await example.sandbox.pay(id);
	const [, execution] = await example.client.waitForExecutions(example.id, 2);
	expect(getItems(execution, 'Update Shop (replace me)')).toEqual([
		{
			order_number: '5001',
			customer_number: 'C-2041',
			ship_by: 'express',
			paid: expect.stringMatching(/^[\d.]+ USD$/),
			invoice_id: id,
		},
	]);
});

it('sets a payment aside that is for no order', async () => {
	const [{ id }] = getItems(await billing.run(), 'Create Invoice');
	await example.sandbox.pay(String(id));
	const [, , execution] = await example.client.waitForExecutions(example.id, 3);
	expect(getItems(execution, 'Look into It (replace me)')).toMatchObject([{ invoice: { id } }]);
	expect(getItems(execution, 'Update Shop (replace me)')).toEqual([]);
});
