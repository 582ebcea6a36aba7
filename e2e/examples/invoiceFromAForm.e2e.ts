import { prepared } from '../../test/support/prepared';
import { getItems } from '../../tools/harness/client';
import { followForm, submitForm } from '../../tools/harness/form';
import { stage } from './stage';

const example = prepared(async () => await stage('invoice-from-a-form'));
beforeAll(async () => await example.client.activate(example));
beforeEach(async () => await example.sandbox.reset());

const order = async (product: string) =>
	await followForm(
		await submitForm(example.formUrl, { Email: 'buyer@example.com', Product: product }),
	);

/** The executions so far, the latest last, once there are so many. */
const executions = async (count: number) =>
	await example.client.waitForExecutions(example.id, count);

it('leads the buyer to the payment page of the invoice', async () => {
	const { redirectTo } = await order('Pro plan');
	const invoices = await example.invoices();
	expect(invoices).toMatchObject([
		{ email: 'buyer@example.com', items: [{ title: 'Pro plan', qty: 1, price: 149 }] },
	]);
	const page = await (await fetch(String(redirectTo))).text();
	expect(page).toContain('buyer@example.com');
	const [execution] = await executions(1);
	expect(getItems(execution, 'Tell Sales (replace me)')).toEqual([]);
});

it('bills nothing that has no price', async () => {
	const { html, redirectTo } = await order('Something that I made up');
	expect(html).toContain('We could not take your order');
	expect(redirectTo).toBeUndefined();
	expect(await example.invoices()).toEqual([]);
});

it('apologizes, and tells sales, when SafePays does not create the invoice', async () => {
	await example.sandbox.addFault({ kind: 'status', status: 502, on: { method: 'POST' }, times: 1 });
	const { html } = await order('Starter plan');
	expect(html).toContain('We could not take your order');
	const [, , execution] = await executions(3);
	expect(getItems(execution, 'Tell Sales (replace me)')).toMatchObject([
		{ email: 'buyer@example.com', product: 'Starter plan', details: { httpCode: '502' } },
	]);
});
