import { ApiError } from './books';
import type { Books, Invoice, InvoiceStatus } from './books';
import type { Delivery, Notifier } from './notifications';

/**
 * What becomes of invoices after they were created: at once, while the promises resolve when the
 * notifications of it have been delivered, or given up.
 */
export class Payments {
	constructor(
		private readonly books: Books,
		private readonly notifier: Notifier,
	) {}

	/** @throws ApiError 404, or 409 when it is already paid */
	pay(invoiceId: string): Promise<Delivery[]> {
		return this.change(this.open(invoiceId), 'Paid');
	}

	/**
	 * Pays invoices in one moment; default: all that are not paid yet.
	 * @throws ApiError 404 or 409, like `pay`, before any of them is paid
	 */
	payAll(invoiceIds?: string[]): { invoices: Invoice[]; delivered: Promise<Delivery[]> } {
		const invoices = invoiceIds
			? [...new Set(invoiceIds)].map((id) => this.open(id))
			: [...this.books.invoices.values()].filter(({ status }) => status !== 'Paid');
		const changes = invoices.map((invoice) => this.change(invoice, 'Paid'));
		return { invoices, delivered: Promise.all(changes).then((each) => each.flat()) };
	}

	/** @throws ApiError 404, or 409 when it is already paid */
	decline(invoiceId: string): Promise<Delivery[]> {
		return this.change(this.open(invoiceId), 'Failed');
	}

	/** @throws ApiError 404, or 409 when it is already paid */
	expire(invoiceId: string): Promise<Delivery[]> {
		const invoice = this.open(invoiceId);
		this.books.makePastDue(invoice);
		return this.change(invoice, 'Unpaid');
	}

	/** @throws ApiError 404 */
	find(invoiceId: string): Invoice {
		const invoice = this.books.invoices.get(invoiceId);
		if (!invoice) throw new ApiError(404, 'Invoice not found');
		return invoice;
	}

	/** Lets an invoice that nobody paid in time become Unpaid. */
	checkDueDate(invoice: Invoice, today = this.books.today()): void {
		if (invoice.status !== 'Invoice Created' || invoice.dueDate >= today) return;
		void this.change(invoice, 'Unpaid');
	}

	checkDueDates(): void {
		const today = this.books.today();
		for (const invoice of this.books.invoices.values()) this.checkDueDate(invoice, today);
	}

	private open(invoiceId: string): Invoice {
		const invoice = this.find(invoiceId);
		if (invoice.status === 'Paid') throw new ApiError(409, 'Invoice is already paid');
		return invoice;
	}

	/** SafePays notifies of a status that changes, so nothing is sent when it stays the same. */
	private async change(invoice: Invoice, status: InvoiceStatus): Promise<Delivery[]> {
		if (invoice.status === status) return [];
		this.books.setStatus(invoice, status);
		return await this.notifier.announce(invoice);
	}
}
