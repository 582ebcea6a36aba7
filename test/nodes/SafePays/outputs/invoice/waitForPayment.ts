import { CREATE, getNode, waitWorkflow } from '../../waitWorkflow';
import { invoiceParameters } from '../records';
import type { GetItems } from '../run';

export const getItems: GetItems = async (stage) => {
	const { n8n, sandbox } = stage;
	const json = waitWorkflow();
	Object.assign(getNode(json, CREATE).parameters, await invoiceParameters(stage));
	const execution = await n8n.run(json, [{}, {}]);
	for (const id of sandbox.books.invoices.keys()) await sandbox.pay(id);
	await n8n.idle();
	return n8n.getItems(execution);
};
