import { executionItemsOf, itemsOf } from '../../harness/client';
import { stage, type Stage } from './stage';

let example: Stage;
beforeAll(async () => {
	example = await stage('poll-for-paid-invoices');
});

const poll = async () => await example.run('Every 10 Minutes');

it('goes on with each payment once', async () => {
	const billed = await example.run();
	const [{ id }] = itemsOf(billed, 'Create Invoice');
	expect(itemsOf(await poll(), 'Ship (replace me)')).toEqual([]);

	await example.sandbox.pay(String(id));
	expect(itemsOf(await poll(), 'Ship (replace me)')).toMatchObject([{ id, status: 'Paid' }]);

	const again = await poll();
	expect(itemsOf(again, 'Get Paid Invoices')).toMatchObject([{ id }]);
	expect(itemsOf(again, 'Ship (replace me)')).toEqual([]);
});

it('does not bill the customer again who is remembered already', async () => {
	const execution = await example.run();
	expect(execution.status).toBe('success');
	expect(executionItemsOf(execution, 'Create Invoice')).toBeUndefined();
	expect(await example.invoices()).toHaveLength(1);
});

it('sets a customer aside whom SafePays does not know any more', async () => {
	await example.sandbox.reset();
	const execution = await poll();
	expect(execution.status).toBe('success');
	expect(itemsOf(execution, 'Look into It (replace me)')).toMatchObject([
		{ email: 'sam@example.com', details: { httpCode: '404' } },
	]);
});
