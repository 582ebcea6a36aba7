import { prepared } from '../../test/support/prepared';
import { getItems } from '../../tools/harness/client';
import { getEmails, stage } from './stage';
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

		it('makes the table also when the morning comes first', async () => {
			const execution = await morning();
			expect(execution.status).toBe('success');
			expect(getEmails(execution, 'Get Invoice')).toEqual([]);
		});

		it('reminds of what is due, closes what is paid, and leaves alone what is neither', async () => {
			await bill('mary@example.com');
			await bill('max@example.com');
			const tooEarly = await morning();
			expect(getEmails(tooEarly, 'Get Invoice')).toEqual(['mary@example.com', 'max@example.com']);
			expect(getEmails(tooEarly, 'Send Reminder (replace me)')).toEqual([]);

			const [mary] = await example.invoices();
			await example.sandbox.pay(mary.id);
			await example.makeDue('Paid or Due?', 7);
			const first = await morning();
			expect(getEmails(first, 'Close')).toEqual(['mary@example.com']);
			expect(getItems(first, 'Send Reminder (replace me)')).toMatchObject([
				{ email: 'max@example.com', payment_link: expect.stringContaining(example.sandboxUrl) },
			]);
			expect(getItems(first, 'Count Reminder')).toMatchObject([
				{ email: 'max@example.com', reminders: 1 },
			]);

			const second = await morning();
			expect(getEmails(second, 'Close')).toEqual([]);
			expect(getItems(second, 'Count Reminder')).toMatchObject([
				{ email: 'max@example.com', reminders: 2 },
			]);
		});

		it('goes on with the others when SafePays does not know an invoice any more', async () => {
			await example.sandbox.reset();
			await bill('moe@example.com');
			const execution = await morning();
			expect(getEmails(execution, 'Send Reminder (replace me)')).toEqual(['moe@example.com']);
			expect(getItems(execution, 'Look into It (replace me)')).toMatchObject([
				{ email: 'max@example.com', details: { httpCode: '404' } },
			]);
		});
	},
);
