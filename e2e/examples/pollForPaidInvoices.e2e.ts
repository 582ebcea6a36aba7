import { prepared } from '../../test/support/prepared';
import { getOutput, getItems } from '../../tools/harness/client';
import { stage } from './stage';
import { describeSince } from '../world';

describeSince('2.6.0')(
	'polling for paid invoices, with a data table that the workflow makes',
	() => {
		const example = prepared(async () => await stage('poll-for-paid-invoices'));

		const poll = async () => await example.run('Every 10 Minutes');

		it('makes the table also when it polls before anybody is billed', async () => {
			const execution = await poll();
			expect(execution.status).toBe('success');
			expect(getItems(execution, 'Get Paid Invoices')).toEqual([]);
		});

		it('goes on with each payment once', async () => {
			const billed = await example.run();
			const [{ id }] = getItems(billed, 'Create Invoice');
			expect(getItems(await poll(), 'Ship (replace me)')).toEqual([]);

			await example.sandbox.pay(String(id));
			expect(getItems(await poll(), 'Ship (replace me)')).toMatchObject([{ id, status: 'Paid' }]);

			const again = await poll();
			expect(getItems(again, 'Get Paid Invoices')).toMatchObject([{ id }]);
			expect(getItems(again, 'Ship (replace me)')).toEqual([]);
		});

		it('does not bill the customer again who is remembered already', async () => {
			const execution = await example.run();
			expect(execution.status).toBe('success');
			expect(getOutput(execution, 'Create Invoice')).toBeUndefined();
			expect(await example.invoices()).toHaveLength(1);
		});

		it('sets a customer aside whom SafePays does not know any more', async () => {
			await example.sandbox.reset();
			const execution = await poll();
			expect(execution.status).toBe('success');
			expect(getItems(execution, 'Look into It (replace me)')).toMatchObject([
				{ email: 'sam@example.com', details: { httpCode: '404' } },
			]);
		});
	},
);
