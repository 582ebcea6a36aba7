import type { IExecuteFunctions } from 'n8n-workflow';

import type { SafePaysRequest } from '../transport/request';

const CONTEXT_KEY = 'safePaysNotifiedInvoices';

interface NotifiedInvoices {
	executionId: string;
	ids: string[];
}

/**
 * Notes a new invoice whose notification goes to this execution, for the node that waits for it:
 * SafePays does not say whom an invoice notifies. Kept with the execution: a retry is another one,
 * which is not notified.
 */
export function noteIfNotified(
	context: IExecuteFunctions,
	{ body }: SafePaysRequest,
	invoiceId: string,
): void {
	const executionId = context.getExecutionId();
	if (!isResumeUrl(body?.webhook_url, executionId)) return;
	const store: Record<string, unknown> = context.getContext('flow');
	let noted = store[CONTEXT_KEY] as NotifiedInvoices | undefined;
	if (noted?.executionId !== executionId) noted = { executionId, ids: [] };
	noted.ids.push(invoiceId.toLowerCase());
	store[CONTEXT_KEY] = noted;
}

/** Whether this execution is notified of an invoice's payment. */
export function isNotifiedOf(context: IExecuteFunctions, invoiceId: string): boolean {
	const noted = context.getContext('flow')[CONTEXT_KEY] as NotifiedInvoices | undefined;
	return (
		noted?.executionId === context.getExecutionId() && noted.ids.includes(invoiceId.toLowerCase())
	);
}

/** A resume URL ends in the execution's id, and is signed in its query. */
function isResumeUrl(url: unknown, executionId: string): boolean {
	return (
		typeof url === 'string' &&
		URL.canParse(url) &&
		new URL(url).pathname.endsWith(`/${executionId}`)
	);
}
