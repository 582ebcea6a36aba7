import type { Cleanup } from './harness/cleanup';
import { getError, getItems, type Execution } from './harness/client';
import { Failure, runCli, showHelp } from './harness/failure';
import { startOwnN8n } from './harness/ownN8n';
import { runWithN8n } from './harness/runWithN8n';
import { manualTrigger, safePays, safePaysTrigger, workflow } from './harness/workflow';

const HELP = `Shows the package at work, once: creates a customer and an invoice with the SafePays node,
pays the invoice in a sandbox, and waits for the SafePays Trigger to start its workflow.

  npm run tool -- demo

Ends with code 0 if the payment came through. Leaves nothing running, and does not touch what
"npm start" keeps.
`;

runCli(async () => {
	showHelp(HELP);
	await runWithN8n(180_000, demo);
});

async function demo(cleanup: Cleanup): Promise<void> {
	console.log('Starting n8n with the package and a sandbox...');
	const own = await startOwnN8n('demo', { sandbox: { notificationRetries: 3 }, cleanup });
	const { client, sandbox, credentialId: credential } = own;
	const trigger = safePaysTrigger({ events: ['paid'], path: 'safepays' }, { credential });
	const onPayment = await client.createWorkflow(workflow([trigger]));
	await client.activate(onPayment);
	const billing = await client.createWorkflow(
		workflow([
			manualTrigger(),
			safePays(
				{
					resource: 'customer',
					operation: 'create',
					name: 'Ada Lovelace',
					email: 'ada@example.com',
					additionalFields: { preferredCurrency: 'EUR', city: 'London', country: 'GB' },
				},
				{ credential, name: 'Create customer' },
			),
			safePays(
				{
					resource: 'invoice',
					operation: 'create',
					billTo: 'customer',
					customerId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
					priceBy: 'items',
					itemsFrom: 'fields',
					lineItems: {
						item: [
							{ title: 'Analytical engine, one hour', qty: 2, price: 40 },
							{ title: 'Punched cards', qty: 10, price: 1.5 },
						],
					},
					currency: 'EUR',
				},
				{ credential, name: 'Create invoice' },
			),
		]),
	);

	const rows: Array<{ step: string; by: string; 'what came back': string; id: string }> = [];
	const add = (step: string, by: string, back: string, id: unknown) =>
		rows.push({ step, by, 'what came back': back, id: show(id) });
	const run = await client.runAndWait(billing.id);
	const customer = onlyItem(run, 'Create customer');
	const who = `${show(customer.name)} <${show(customer.email)}>`;
	add('Create customer', 'SafePays', who, customer.id);
	const invoice = onlyItem(run, 'Create invoice');
	add('Create invoice', 'SafePays', amountAndStatus(invoice), invoice.id);

	const invoiceId = show(invoice.id);
	await sandbox.pay(invoiceId);
	add('Pay it', 'sandbox', 'as the customer would', invoiceId);

	const [paid] = await client.waitForExecutions(onPayment.id, 1);
	const event = onlyItem(paid, trigger.name);
	const confirmed = event.invoice as Record<string, unknown>;
	const what = `event "${show(event.event)}", ${amountAndStatus(confirmed)}`;
	add('Notified', 'SafePays Trigger', what, confirmed.id);
	console.table(rows);

	if (
		event.event !== 'paid' ||
		confirmed.id !== invoiceId ||
		confirmed.status !== 'Paid' ||
		confirmed.amount !== invoice.amount
	) {
		throw new Failure(`The payment of invoice ${invoiceId} did not come through as it was made.`);
	}
	console.log('\nThe payment came through.');
}

function onlyItem(execution: Execution, nodeName: string): Record<string, unknown> {
	const items = getItems(execution, nodeName);
	if (items.length === 1) return items[0];
	const reason =
		getError(execution, nodeName)?.message ??
		execution.data.resultData.error?.message ??
		`it put out ${items.length} items`;
	throw new Failure(`"${nodeName}" failed: ${reason}`);
}

function amountAndStatus({ amount, currency, status }: Record<string, unknown>): string {
	return `${show(amount)} ${show(currency)}, ${show(status)}`;
}

function show(value: unknown): string {
	return typeof value === 'string' || typeof value === 'number'
		? String(value)
		: JSON.stringify(value);
}
