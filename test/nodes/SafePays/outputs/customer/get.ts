import { createPaidInvoice } from '../records';
import type { GetItems } from '../run';
import { run } from '../run';

export const getItems: GetItems = async (stage) => {
	const { customer_id: id } = await createPaidInvoice(stage);
	return await run(stage, { resource: 'customer', operation: 'get', customerId: id as string });
};
