import { createHmac, randomUUID } from 'node:crypto';

import type { Invoice, InvoiceStatus } from './books';
import { invoiceView } from './views';

/**
 * What the body of a notification looks like. `current` is SafePays' "Webhooks" page of today:
 * `{"invoice": {…}}`. `legacy` is what an older version of it promised: event and timestamp in the
 * body, event and signature in headers. The other two are what its documents leave open: an
 * envelope with an ID of its own beside `invoice_id` or `transaction_id`.
 */
export const WEBHOOK_FORMATS = ['current', 'legacy', 'event', 'transaction'] as const;

export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

export interface Message {
	body: unknown;
	headers: Record<string, string>;
}

const EVENTS: Record<InvoiceStatus, string> = {
	'Invoice Created': 'invoice_created',
	Paid: 'payment_success',
	Failed: 'payment_failed',
	Unpaid: 'payment_overdue',
};

/** SafePays documents neither its signing key nor its method; this one only has the same look. */
const LEGACY_SIGNING_KEY = 'sandbox';

/** What a notification of the invoice's status says. */
export function writeMessage(
	invoice: Invoice,
	format: WebhookFormat,
	{ now, baseUrl }: { now: Date; baseUrl: string },
): Message {
	const event = EVENTS[invoice.status];
	const timestamp = now.toISOString();
	const { id, status } = invoice;
	switch (format) {
		case 'current':
			return { body: { invoice: invoiceView(invoice, baseUrl) }, headers: {} };
		case 'legacy': {
			const body = { event, timestamp, invoice: invoiceView(invoice, baseUrl) };
			const signature = createHmac('sha256', LEGACY_SIGNING_KEY)
				.update(JSON.stringify(body))
				.digest('hex');
			return { body, headers: { 'X-SafePays-Event': event, 'X-SafePays-Signature': signature } };
		}
		case 'event':
			return { body: { id: randomUUID(), event, timestamp, invoice_id: id, status }, headers: {} };
		case 'transaction':
			return { body: { id: randomUUID(), transaction_id: id, status }, headers: {} };
	}
}
