import { prepared } from '../../test/support/prepared';
import { getItems } from '../../tools/harness/client';
import { stage } from './stage';

const example = prepared(async () => await stage('order-lines-to-one-invoice'));

it('bills each order once, with all of its lines, however often it runs', async () => {
	const first = getItems(await example.run(), 'Payment Links');
	expect(first).toMatchObject([
		{ order_number: '1042', email: 'jane@example.com', total: '120.73 USD', already_billed: false },
		{ order_number: '1043', email: 'joe@example.com', total: '226.84 USD', already_billed: false },
	]);
	const invoices = await example.invoices();
	expect(invoices).toMatchObject([
		{
			items: [
				{ title: 'Desk lamp', qty: 2, price: 39.5 },
				{ title: 'Light bulb', qty: 4, price: 6.25 },
				{ title: 'Delivery', qty: 1, price: 9.9 },
			],
		},
		{
			items: [
				{ title: 'Office chair', qty: 1, price: 189 },
				{ title: 'Delivery', qty: 1, price: 25 },
			],
		},
	]);

	const again = getItems(await example.run(), 'Payment Links');
	expect(again.map(({ already_billed }) => already_billed)).toEqual([true, true]);
	for (const [index, { payment_link }] of again.entries()) {
		expect(payment_link).toContain(invoices[index].id);
	}
	expect(await example.invoices()).toHaveLength(2);
});
