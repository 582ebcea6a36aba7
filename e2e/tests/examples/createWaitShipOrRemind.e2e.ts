import { itemsOf } from '../../harness/client';
import { stage, type Stage } from './stage';

let example: Stage;
beforeAll(async () => {
	example = await stage('create-wait-ship-or-remind');
});
beforeEach(async () => await example.sandbox.reset());

it('ships what is paid', async () => {
	const { client, sandbox } = example;
	const waiting = await example.run();
	expect(waiting.status).toBe('waiting');
	const [{ id }] = await example.invoices();
	await sandbox.pay(id);
	const execution = await client.waitForExecution(waiting.id);
	expect(itemsOf(execution, 'Ship')).toEqual([{ ship_to: 'jane@example.com', invoice_id: id }]);
	expect(itemsOf(execution, 'Remind')).toEqual([]);
});

it('reminds of what is not paid in time', async () => {
	await example.change('Create Invoice and Wait', { waitAmount: 0.01, waitUnit: 'minutes' });
	const { id } = await example.run();
	const execution = await example.client.waitForExecution(id, { timeout: 90_000 });
	expect(itemsOf(execution, 'Remind')).toEqual([
		{ remind: 'jane@example.com', payment_link: expect.stringContaining(example.sandboxUrl) },
	]);
	expect(itemsOf(execution, 'Ship')).toEqual([]);
}, 120_000);
