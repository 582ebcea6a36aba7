import { ApiError } from './books';
import type { Books, Invoice, InvoiceStatus } from './books';
import type { Delivery, Notifier } from './notifications';

/** A status change, and the notifications that follow from it. */
export interface Change {
	changed: boolean;
	/** Resolves when the notifications have been delivered, or given up. */
	delivered: Promise<Delivery[]>;
}

/** What becomes of invoices after they were created. */
export class Payments {
	constructor(
		private readonly books: Books,
		private readonly notifier: Notifier,
	) {}

	/** @throws ApiError 404, or 409 when it is already paid */
	pay(invoiceId: string): Change {
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
		const changes = invoices.map((invoice) => this.change(invoice, 'Paid').delivered);
		return { invoices, delivered: Promise.all(changes).then((each) => each.flat()) };
	}

	/** @throws ApiError 404, or 409 when it is already paid */
	decline(invoiceId: string): Change {
		return this.change(this.open(invoiceId), 'Failed');
	}

	/** @throws ApiError 404, or 409 when it is already paid */
	expire(invoiceId: string): Change {
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
		void this.change(invoice, 'Unpaid').delivered;
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
	private change(invoice: Invoice, status: InvoiceStatus): Change {
		if (invoice.status === status) return { changed: false, delivered: Promise.resolve([]) };
		this.books.setStatus(invoice, status);
		return { changed: true, delivered: this.notifier.announce(invoice) };
	}
}
