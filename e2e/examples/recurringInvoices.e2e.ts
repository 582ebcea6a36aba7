import { DateTime } from 'luxon';

import { prepared } from '../../test/support/prepared';
import { getItems } from '../../tools/harness/client';
import { stage } from './stage';

const LINK = 'Send Payment Link (replace me)';

const example = prepared(async () => await stage('recurring-invoices'));

it('bills each subscriber once a month, whichever way it is started', async () => {
	const first = await example.run();
	expect(getItems(first, LINK)).toMatchObject([
		{ email: 'nora@example.com', base_amount: 29 },
		{ email: 'omar@example.com', base_amount: 99 },
	]);
	const again = await example.run('Every Morning');
	expect(getItems(again, 'Create Invoice')).toMatchObject([{ reused: true }, { reused: true }]);
	expect(getItems(again, LINK)).toEqual([]);
	expect(await example.invoices()).toHaveLength(2);
});

it('bills in the next month again, due after 14 days', async () => {
	const { nodes } = await example.client.getWorkflow(example.id);
	const { uniqueKey } = nodes.find(({ name }) => name === 'Create Invoice')?.parameters ?? {};
	const nextMonth = String(uniqueKey).replace('$now', '$now.plus({ months: 1 })');
	await example.change('Create Invoice', { uniqueKey: nextMonth });
	const [invoice] = getItems(await example.run(), LINK);
	const due = DateTime.fromISO(String(invoice.due_date), { zone: 'utc' });
	const days = due.diff(DateTime.utc().startOf('day'), 'days').days;
	// the day of the workflow's time zone may be another one than UTC's
	expect([13, 14, 15]).toContain(days);
	expect(await example.invoices()).toHaveLength(4);
});

it('sets a subscriber aside who cannot be billed, and bills the others', async () => {
	await example.sandbox.reset();
	await example.change('Subscribers (replace me)', {
		jsonOutput: JSON.stringify({
			subscribers: [
				{ customer: 'C-21', email: 'nowhere', plan: 'Basic plan', price: 29 },
				{ customer: 'C-22', email: 'pia@example.com', plan: 'Basic plan', price: 29 },
			],
		}),
	});
	const execution = await example.run();
	expect(getItems(execution, 'Look into It (replace me)')).toMatchObject([{ customer: 'C-21' }]);
	expect(getItems(execution, LINK)).toMatchObject([{ email: 'pia@example.com' }]);
});
