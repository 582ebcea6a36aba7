import { prepared } from '../../test/support/prepared';
import { getItems } from '../../tools/harness/client';
import { stage } from './stage';

const example = prepared(async () => await stage('bill-a-customer'));

it('creates the customer, bills them and ends with the payment link', async () => {
	const execution = await example.run();
	const link = { payment_link: expect.stringContaining(example.sandboxUrl), total: '212 USD' };
	expect(getItems(execution, 'Payment Link')).toEqual([link]);
	const { customers } = await example.sandbox.state();
	expect(customers).toMatchObject([{ name: 'John Doe', email: 'john.doe@example.com' }]);
});

it('bills the customer again who is there already', async () => {
	const execution = await example.run();
	expect(getItems(execution, 'Create Customer')).toMatchObject([{ alreadyExists: true }]);
	expect(getItems(execution, 'Payment Link')).toHaveLength(1);
	const { customers, invoices } = await example.sandbox.state();
	expect(customers).toHaveLength(1);
	expect(invoices.map(({ customerId }) => customerId)).toEqual([customers[0].id, customers[0].id]);
});
