import { prepared } from '../../test/support/prepared';
import { getItems } from '../../tools/harness/client';
import { stage } from './stage';

const LINK = 'Send Payment Link (replace me)';

const example = prepared(async () => await stage('create-wait-ship-or-remind'));
beforeEach(async () => await example.sandbox.reset());

it('sends the payment link before it waits, and ships what is paid', async () => {
	const { client, sandbox } = example;
	const waiting = await example.run();
	expect(waiting.status).toBe('waiting');
	const text = expect.stringContaining(`Please pay here: ${example.sandboxUrl}`);
	expect(getItems(waiting, LINK)).toMatchObject([{ to: 'jane@example.com', text }]);

	const [{ id }] = await example.invoices();
	await sandbox.pay(id);
	const execution = await client.waitForExecution(waiting.id);
	expect(getItems(execution, 'Ship')).toEqual([{ ship_to: 'jane@example.com', invoice_id: id }]);
	expect(getItems(execution, 'Remind')).toEqual([]);
});

it('reminds of what is not paid in time', async () => {
	await example.change('Wait for Payment', { waitAmount: 0.01, waitUnit: 'minutes' });
	const { id } = await example.run();
	const execution = await example.client.waitForExecution(id, { timeout: 90_000 });
	expect(getItems(execution, 'Remind')).toEqual([
		{ remind: 'jane@example.com', payment_link: expect.stringContaining(example.sandboxUrl) },
	]);
	expect(getItems(execution, 'Ship')).toEqual([]);
}, 120_000);

it('ships what was paid without a notification, when the time is over', async () => {
	await example.change('Wait for Payment', { waitAmount: 0.01, waitUnit: 'minutes' });
	// what the node asks itself shortly after it began to wait would tell it
	await example.sandbox.addFault({ kind: 'lostNotification' });
	const { id } = await example.run();
	const [invoice] = await example.invoices();
	await example.sandbox.pay(invoice.id);
	const execution = await example.client.waitForExecution(id, { timeout: 90_000 });
	expect(getItems(execution, 'Ship')).toMatchObject([{ invoice_id: invoice.id }]);
	expect(getItems(execution, 'Remind')).toEqual([]);
}, 120_000);
