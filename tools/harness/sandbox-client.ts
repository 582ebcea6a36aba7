import { post } from './post';
import type { Customer, Delivery, Fault, Invoice, RecordedRequest } from '../../sandbox';

export interface SandboxState {
	customers: Customer[];
	invoices: Invoice[];
	/** Notifications that were sent, oldest first. */
	deliveries: Delivery[];
	faults: Fault[];
	requests: {
		total: number;
		byStatus: Record<string, number>;
		/** The most API requests that were ever in flight at once. */
		peakInFlight: number;
		/** The last ones, oldest first. */
		latest: RecordedRequest[];
	};
}

/** The control API of a running sandbox. Every call rejects when the sandbox answers other than 2xx. */
export class SandboxClient {
	constructor(readonly url: string) {}

	async state(): Promise<SandboxState> {
		return (await this.request('GET', '/state')) as SandboxState;
	}

	/** Creates an invoice of 200 USD, as a shop would, past n8n. */
	async createInvoice(
		apiKey: string,
		fields: object = {},
	): Promise<{ id: string; payment_link: string }> {
		const invoice = { api_key: apiKey, email: 'john@example.com', amount: 200, ...fields };
		const { body } = await post(`${this.url}/api/v2/invoice`, invoice);
		return (body as { invoice: { id: string; payment_link: string } }).invoice;
	}

	/** Pays an invoice, as its customer would; resolves when the notifications of it were answered. */
	async pay(invoiceId: string): Promise<void> {
		await this.request('POST', `/invoices/${invoiceId}/pay`);
	}

	/** Has an invoice's payment declined. */
	async decline(invoiceId: string): Promise<void> {
		await this.request('POST', `/invoices/${invoiceId}/decline`);
	}

	/** Makes requests or notifications go wrong from now on. A path's RegExp is given as a string. */
	async addFault(fault: Fault): Promise<void> {
		await this.request('POST', '/faults', fault);
	}

	async clearFaults(): Promise<void> {
		await this.request('DELETE', '/faults');
	}

	/** Forgets all customers, invoices and faults. */
	async reset(): Promise<void> {
		await this.request('POST', '/reset');
	}

	private async request(method: string, path: string, body?: object): Promise<unknown> {
		const response = await fetch(`${this.url}/sandbox${path}`, {
			method,
			...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
		});
		const text = await response.text();
		if (!response.ok)
			throw new Error(`${method} /sandbox${path}: ${response.status} ${text.slice(0, 200)}`);
		return text ? (JSON.parse(text) as unknown) : undefined;
	}
}
