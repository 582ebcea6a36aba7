import { prepared } from '../../test/support/prepared';
import { getItems } from '../../tools/harness/client';
import { describeSince } from '../world';
import { getEmails, stage } from './stage';

const SHIP = 'Ship (replace me)';
const LOOK = 'Look into It (replace me)';

describeSince('2.6.0')(
	'making up for what was missed, with a data table that the workflow makes',
	() => {
		/** Bills without remembering. */
		const billing = prepared(async () => await stage('bill-a-customer'));
		const example = prepared(async () => await stage('missed-while-n8n-was-down'));

		async function bill(email: string): Promise<string> {
			await example.change('Create Invoice', { email, uniqueKey: `order of ${email}` });
			const [{ id }] = getItems(await example.run(), 'Create Invoice');
			return String(id);
		}

		const hour = async () => await example.run('Every Hour');

		it('makes the table also when the hour comes first', async () => {
			const execution = await hour();
			expect(execution.status).toBe('success');
			expect(getItems(execution, 'Get Invoice')).toEqual([]);
		});

		it('ships within the hour what nobody heard of, and once', async () => {
			const id = await bill('quinn@example.com');
			expect(getEmails(await hour(), SHIP)).toEqual([]);

			// nothing listens: this is an n8n that is down
			await example.sandbox.pay(id);
			const found = await hour();
			expect(getItems(found, SHIP)).toMatchObject([{ invoice_id: id, email: 'quinn@example.com' }]);
			expect(getItems(found, 'Close')).toMatchObject([{ invoice_id: id, state: 'done' }]);

			const again = await hour();
			expect(getEmails(again, 'Get Invoice')).toEqual([]);
			expect(getEmails(again, SHIP)).toEqual([]);
		});

		it('ships what it heard of at once, and not again with the hour', async () => {
			const id = await bill('rita@example.com');
			const before = (await example.client.listExecutions({ workflowId: example.id })).length;
			await example.client.activate(example);
			await example.sandbox.pay(id);
			const executions = await example.client.waitForExecutions(example.id, before + 1);
			const execution = executions[before];
			expect(getItems(execution, SHIP)).toMatchObject([
				{ invoice_id: id, email: 'rita@example.com' },
			]);
			expect(getItems(execution, 'Close')).toMatchObject([{ invoice_id: id, state: 'done' }]);
			await example.client.deactivate(example);

			expect(getEmails(await hour(), SHIP)).toEqual([]);
		});

		it('shows a payment whose execution was cut off, an hour later, and does not ship it again', async () => {
			const id = await bill('sven@example.com');
			await example.sandbox.pay(id);
			// as if the execution had been cut off before its end
			await example.change('Close', { filters: matchRow('none') });
			expect(getEmails(await hour(), SHIP)).toEqual(['sven@example.com']);
			await example.change('Close', { filters: matchRow('={{ $json.invoice_id }}') });

			const soon = await hour();
			expect(getEmails(soon, 'Get Invoice')).toEqual(['sven@example.com']);
			expect(getEmails(soon, SHIP)).toEqual([]);
			expect(getEmails(soon, LOOK)).toEqual([]);

			await example.makeDue('New or Stuck?', 1);
			const later = await hour();
			expect(getEmails(later, SHIP)).toEqual([]);
			expect(getItems(later, LOOK)).toMatchObject([{ id, email: 'sven@example.com' }]);
		});

		it('does not open a row again when its order is billed again', async () => {
			await bill('rita@example.com');
			expect(getEmails(await hour(), 'Get Invoice')).toEqual(['sven@example.com']);
		});

		it('ships a payment that is in no row', async () => {
			const before = (await example.client.listExecutions({ workflowId: example.id })).length;
			await example.client.activate(example);
			const [{ id }] = getItems(await billing.run(), 'Create Invoice');
			await example.sandbox.pay(String(id));
			const executions = await example.client.waitForExecutions(example.id, before + 1);
			expect(getItems(executions[before], SHIP)).toMatchObject([{ invoice_id: id }]);
			await example.client.deactivate(example);
		});

		it('goes on with the others when SafePays does not know an invoice any more', async () => {
			await example.sandbox.reset();
			const id = await bill('tina@example.com');
			await example.sandbox.pay(id);
			const execution = await hour();
			expect(getEmails(execution, SHIP)).toEqual(['tina@example.com']);
			expect(getItems(execution, LOOK)).toMatchObject([
				{ email: 'sven@example.com', details: { httpCode: '404' } },
			]);
		});

		const matchRow = (keyValue: string) => ({
			conditions: [{ keyName: 'invoice_id', condition: 'eq', keyValue }],
		});
	},
);
