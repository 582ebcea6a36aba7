import type { GenericValue, IDataObject } from 'n8n-workflow';

import type { Invoice } from '../transport/records';
import type { Notification } from './parse';
import type { pickQuery } from './signedQuery';

/** What an item carries from the trigger's `webhook()` to its `execute()`, beside the event itself. */
export interface Carried extends IDataObject {
	/** Distinguishes this event's execution and its retries from those of a copy. */
	receipt: string;
	query?: ReturnType<typeof pickQuery>;
	/** The body as received, where the user wants it. */
	notification?: GenericValue;
}

/** What a confirmed item holds. */
export interface Confirmed extends Carried {
	event: string;
	invoice: Invoice;
}

/** What a pending item holds: all that is needed to keep asking, and nothing that looks like a payment. */
export interface Pending extends Carried {
	/** A UUID, as in `Notification`, and others that the notification has. */
	id: string;
	otherIds?: string[];
	/** What the notification says has happened. */
	status?: Notification['status'];
	/** Milliseconds since 1970. */
	receivedAt: number;
}
