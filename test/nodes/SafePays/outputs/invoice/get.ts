import { createPaidInvoice } from '../records';
import type { GetItems } from '../run';
import { run } from '../run';

export const getItems: GetItems = async (stage) => {
	const { id } = await createPaidInvoice(stage);
	return await run(stage, { resource: 'invoice', operation: 'get', invoiceId: id as string });
};
