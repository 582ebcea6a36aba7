import { prepared } from '../../test/support/prepared';
import { getItems, type Execution } from '../../tools/harness/client';
import { stage } from './stage';
import { describeSince } from '../world';

describeSince('2.6.0')(
	'reminding of unpaid invoices, with a data table that the workflow makes',
	() => {
		const example = prepared(async () => await stage('remind-of-unpaid-invoices'));

		async function bill(email: string): Promise<void> {
			await example.change('Create Invoice', { email, uniqueKey: `order of ${email}` });
			const execution = await example.run();
			expect(getItems(execution, 'Remember Invoice')).toMatchObject([
				{ email, state: 'open', reminders: 0 },
			]);
		}

		const morning = async () => await example.run('Every Morning');

		const emails = (execution: Execution, node: string) =>
			getItems(execution, node).map(({ email }) => email);

		it('makes the table also when the morning comes first', async () => {
			const execution = await morning();
			expect(execution.status).toBe('success');
			expect(emails(execution, 'Get Invoice')).toEqual([]);
		});

		it('reminds of what is due, closes what is paid, and leaves alone what is neither', async () => {
			await bill('mary@example.com');
			await bill('max@example.com');
			const tooEarly = await morning();
			expect(emails(tooEarly, 'Get Invoice')).toEqual(['mary@example.com', 'max@example.com']);
			expect(emails(tooEarly, 'Send Reminder (replace me)')).toEqual([]);

			const [mary] = await example.invoices();
			await example.sandbox.pay(mary.id);
			await becomeDue();
			const first = await morning();
			expect(emails(first, 'Close')).toEqual(['mary@example.com']);
			expect(getItems(first, 'Send Reminder (replace me)')).toMatchObject([
				{ email: 'max@example.com', payment_link: expect.stringContaining(example.sandboxUrl) },
			]);
			expect(getItems(first, 'Count Reminder')).toMatchObject([
				{ email: 'max@example.com', reminders: 1 },
			]);

			const second = await morning();
			expect(emails(second, 'Close')).toEqual([]);
			expect(getItems(second, 'Count Reminder')).toMatchObject([
				{ email: 'max@example.com', reminders: 2 },
			]);
		});

		it('goes on with the others when SafePays does not know an invoice any more', async () => {
			await example.sandbox.reset();
			await bill('moe@example.com');
			const execution = await morning();
			expect(emails(execution, 'Send Reminder (replace me)')).toEqual(['moe@example.com']);
			expect(getItems(execution, 'Look into It (replace me)')).toMatchObject([
				{ email: 'max@example.com', details: { httpCode: '404' } },
			]);
		});

		/** Has invoices due after 0 days instead of 7. */
		async function becomeDue(): Promise<void> {
			const { nodes } = await example.client.getWorkflow(example.id);
			const { rules } = nodes.find(({ name }) => name === 'Paid or Due?')?.parameters ?? {};
			const text = JSON.stringify(rules);
			expect(text).toContain('"rightValue":7');
			await example.change('Paid or Due?', {
				rules: JSON.parse(text.replace('"rightValue":7', '"rightValue":0')) as object,
			});
		}
	},
);
