import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { nodeKey } from './nodeKey';

/** Unique keys whose invoice a node remembers; past that the oldest are forgotten. */
const MAX_INVOICES = 10_000;

/** Followed by the node's id: n8n's own per-node data goes by its name, and is lost when it is renamed. */
const STATIC_DATA_KEY = 'safePaysInvoices';

/** This process's own memory: static data is not saved by test executions, and overlapping ones overwrite it. */
const known = new Map<string, Map<string, string>>();

/** The id of the invoice that this node created for a unique key, if it is still known. */
export function invoiceIdFor(context: IExecuteFunctions, keyHash: string): string | undefined {
	const store = context.getWorkflowStaticData('global')[storeName(context)] as IDataObject | undefined;
	return own(context).get(keyHash) ?? (store?.[keyHash] as string | undefined);
}

/** Remembers an invoice in this process and in the workflow's static data, which n8n saves after a production execution. */
export function rememberInvoiceId(context: IExecuteFunctions, keyHash: string, id: string): void {
	const ids = own(context);
	ids.set(keyHash, id);
	if (ids.size > MAX_INVOICES) ids.delete(ids.keys().next().value as string);
	const data = context.getWorkflowStaticData('global');
	const store = (data[storeName(context)] ??= {}) as IDataObject;
	store[keyHash] = id;
	const keys = Object.keys(store);
	for (const oldest of keys.slice(0, Math.max(0, keys.length - MAX_INVOICES))) delete store[oldest];
}

function own(context: IExecuteFunctions): Map<string, string> {
	const name = nodeKey(context);
	const ids = known.get(name) ?? new Map<string, string>();
	known.set(name, ids);
	return ids;
}

function storeName(context: IExecuteFunctions): string {
	return `${STATIC_DATA_KEY}:${context.getNode().id}`;
}
