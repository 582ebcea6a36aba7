import type { GenericValue, IWebhookFunctions } from 'n8n-workflow';

import type { InvoiceStatus } from '../transport/records';
import { INVOICE_STATUS, parseInvoiceStatus } from '../transport/records';
import { isUuid } from '../transport/uuid';
import { readObject } from '../unknownValues';

/** What a notification says. A hint, never the truth: anybody can post one. */
export interface Notification {
	/** UUIDs in small letters, at least one, the most specific first; an envelope may have an id of its own. */
	ids: string[];
	/** What it says has happened to the invoice, if it says so. */
	status?: Exclude<InvoiceStatus, 'Invoice Created'>;
}

/**
 * Reads a notification as SafePays posts it, in the format of today (`{invoice}`), of earlier
 * (`{event, timestamp, invoice}`), or bare with the id that the redirect calls `transaction_id`.
 *
 * @returns undefined if no documented place holds an id that is a UUID
 */
export function parseNotification(body: unknown): Notification | undefined {
	const outer = readObject(body);
	const invoice = readObject(outer.invoice);
	const places = [invoice.id, outer.invoice_id, outer.transaction_id, outer.id];
	const ids = [...new Set(places.filter(isUuid).map((id) => id.toLowerCase()))];
	if (ids.length === 0) return undefined;
	const status = [invoice.status, outer.status]
		.map(parseInvoiceStatus)
		.find((word) => word !== undefined);
	if (status !== undefined && status !== INVOICE_STATUS.created) return { ids, status };
	// The older format's own word for it (SafePays, "Webhook Notifications").
	return outer.event === 'payment_success' ? { ids, status: INVOICE_STATUS.paid } : { ids };
}

/**
 * The body of a notification: as n8n has parsed it, or else what JSON it is, whatever its content
 * type says or does not say.
 */
export async function readBody(context: IWebhookFunctions): Promise<GenericValue> {
	const body: GenericValue = context.getBodyData();
	if (parseNotification(body)) return body;
	const text = typeof body === 'string' ? body : await readRawText(context);
	try {
		return JSON.parse(text);
	} catch {
		return body;
	}
}

/** n8n reads the body of an unknown content type only when it is asked to. */
async function readRawText(context: IWebhookFunctions): Promise<string> {
	const request = context.getRequestObject();
	await request.readRawBody?.();
	return request.rawBody?.toString() ?? '';
}
