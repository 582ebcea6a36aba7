import { createHash } from 'crypto';

import type { SafePaysRequest } from '../transport/request';

/** Names each request by its content and its place among equal ones, in input order. */
export class Fingerprints {
	private readonly seen = new Map<string, number>();

	/**
	 * @param key distinguishes requests that look the same, such as an order number
	 * @param ignoring fields of the body that differ from one try of an execution to the next
	 */
	create(request: SafePaysRequest, key: string, ignoring: string[] = []): string {
		const content = { ...request.body };
		for (const field of ignoring) delete content[field];
		const name = hash([request.path, content, key]);
		const place = this.seen.get(name) ?? 0;
		this.seen.set(name, place + 1);
		return `${name}.${place}`;
	}
}

/** Names what is billed to whom: the due date, addresses and metadata may differ from one try to the next. */
export function createBillFingerprint({ body = {} }: SafePaysRequest): string {
	const { email, customer_id: customer, amount, items, currency = 'USD' } = body;
	return hash([String(email ?? '').toLowerCase(), customer, amount, items, currency]);
}

/** Names a value by its content. */
export function hash(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22);
}
