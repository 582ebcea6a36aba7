import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { getApiKey } from '../../../credentials/SafePaysApi.credentials';
import { toNodeError } from '../errors/nodeErrors';
import { claimKeys, releaseKeys } from '../idempotency/keyClaims';
import { parseInvoiceStatus } from '../transport/records';
import { RecentEvents } from './recentEvents';
import { settlePending } from './settlePending';
import { verifyQuery } from './signedQuery';
import type { Confirmed, Pending } from './triggerItems';
import type { ConfirmedStatus } from './triggerParameters';
import { EVENTS, readTriggerParameters } from './triggerParameters';

/**
 * The trigger's own first step in an execution, where n8n's database and the credential are at hand:
 * settles what is pending, drops what another execution has passed on, and hands out what was signed
 * into the webhook URL. An execution left without items ends here.
 */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const outputs: INodeExecutionData[] = [];
	const items = context.getInputData();
	for (const [index, { json }] of items.entries()) {
		try {
			const confirmed =
				json.pending === undefined
					? (json as Confirmed)
					: await confirmPending(context, json.pending as Pending);
			if (!confirmed) continue;
			const output = await createOutput(context, confirmed);
			if (await claimEvent(context, confirmed)) outputs.push({ json: output });
		} catch (error) {
			// What SafePays said has come through `sendOnce`, which takes the API key out.
			const redact = <T>(text: T) => text;
			throw toNodeError({ context, itemCount: items.length, redact }, error, index);
		}
	}
	return [outputs];
}

/** @returns undefined for an event that is not chosen, or about an invoice that the API does not know */
async function confirmPending(
	context: IExecuteFunctions,
	pending: Pending,
): Promise<Confirmed | undefined> {
	const verdict = await settlePending(context, pending);
	if (verdict.kind === 'unknown' || !readTriggerParameters(context).isChosen(verdict.status))
		return undefined;
	const { status, invoice } = verdict;
	return { ...pending, event: EVENTS[status], invoice };
}

/**
 * Claims an event in n8n's database. An execution that n8n was killed in may have claimed it without
 * passing it on, so a retry, which has the same receipt, gets it again.
 *
 * @returns false for a duplicate
 */
async function claimEvent(
	context: IExecuteFunctions,
	{ invoice, receipt }: Confirmed,
): Promise<boolean> {
	if (!readTriggerParameters(context).deduplicate) return true;
	const status = parseInvoiceStatus(invoice.status) as ConfirmedStatus;
	const invoiceId = invoice.id.toLowerCase();
	const event = `event:${invoiceId}:${status}`;
	const own = `${event}:${receipt}`;
	const claimed = await claimKeys(context, [event, own]);
	if (!claimed.has(event) && claimed.has(own)) {
		await releaseKeys(context, [own]);
		return false;
	}
	new RecentEvents(context).claim(invoiceId, status);
	return true;
}

async function createOutput(
	context: IExecuteFunctions,
	{ event, invoice, query, notification }: Confirmed,
): Promise<IDataObject> {
	const output: IDataObject = { event, invoice };
	if (query) {
		const credentials = await context.getCredentials('safePaysApi');
		Object.assign(output, verifyQuery(query, invoice, getApiKey(credentials)));
	}
	if (notification !== undefined) output.notification = notification;
	return output;
}
