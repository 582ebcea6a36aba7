import { prepared } from '../../test/support/prepared';
import { getOutput, getItems, type Execution } from '../../tools/harness/client';
import { stage } from './stage';

const STARTS = ['Start Receipt Workflow (replace me)', 'Start Warehouse Workflow (replace me)'];

const billing = prepared(async () => await stage('bill-a-customer'));
const example = prepared(async () => await stage('two-workflows-for-one-payment'));

/** What both sub-workflows have made of it, in executions of their own. */
async function made(count: number): Promise<{ receipts: string[]; parcels: string[] }> {
	const executions = await example.client.waitForExecutions(example.id, count);
	const inAll = (node: string, field: string) =>
		executions.flatMap((execution: Execution) =>
			getItems(execution, node).map((item) => String(item[field])),
		);
	return { receipts: inAll('Receipt', 'receipt_for'), parcels: inAll('Warehouse', 'ship_to') };
}

it('starts both with a payment that is made up', async () => {
	const execution = await example.run();
	for (const start of STARTS) expect(getOutput(execution, start)).toHaveLength(1);
	expect(await made(3)).toEqual({
		receipts: ['paula@example.com'],
		parcels: ['paula@example.com'],
	});
});

it('starts both with a payment', async () => {
	await example.client.activate(example);
	const [{ id }] = getItems(await billing.run(), 'Create Invoice');
	await example.sandbox.pay(String(id));
	expect(await made(6)).toEqual({
		receipts: ['paula@example.com', 'john.doe@example.com'],
		parcels: ['paula@example.com', 'john.doe@example.com'],
	});
	await example.client.deactivate(example);
});
