import { randomUUID } from 'node:crypto';

import { fromCents, toCents, withFee } from './money';

/** "Invoice Status Values" of SafePays' Invoices page. */
export const INVOICE_STATUSES = ['Invoice Created', 'Paid', 'Unpaid', 'Failed'] as const;

export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

export interface Customer {
	id: string;
	/** The API key that the record belongs to. */
	account: string;
	name: string;
	email: string;
	group: string | null;
	preferredCurrency: string;
	addressLine1: string | null;
	addressLine2: string | null;
	city: string | null;
	state: string | null;
	zip: string | null;
	country: string | null;
	/** ISO 8601, UTC. */
	createdAt: string;
}

export interface LineItem {
	title: string;
	qty: number;
	/** Major units, for one piece. */
	price: number;
}

export interface Invoice {
	id: string;
	/** The API key that the record belongs to. */
	account: string;
	customerId: string | null;
	email: string;
	/** What the customer is charged, fee included, in major units. */
	amount: number;
	/** The amount before the fee, in major units. */
	baseAmount: number;
	currency: string;
	items: LineItem[];
	/** `YYYY-MM-DD`. */
	dueDate: string;
	status: InvoiceStatus;
	provider: string | null;
	redirectUrl: string | null;
	webhookUrl: string | null;
	checkoutSessionId: number;
	/** ISO 8601, UTC. */
	createdAt: string;
	/** ISO 8601, UTC. */
	paidAt: string | null;
}

export interface Snapshot {
	customers: Customer[];
	invoices: Invoice[];
}

/** A request that SafePays answers with `status` and `{"error": message}`. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

export type Fields = Record<string, unknown>;

const DAY_MS = 24 * 60 * 60 * 1_000;
const DEFAULT_DUE_DAYS = 30;
const FIRST_CHECKOUT_SESSION = 559_373;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

interface BooksOptions {
	feePercent: number;
	now: () => Date;
	/** Called after every change of a customer or invoice. */
	onChange: () => void;
}

/** The records of all accounts, and the rules by which SafePays accepts them. */
export class Books {
	readonly customers = new Map<string, Customer>();
	readonly invoices = new Map<string, Invoice>();
	private readonly customerByEmail = new Map<string, Customer>();
	private readonly invoiceByCheckout = new Map<number, Invoice>();
	/** Paid invoices by customer ID, in the order of payment. */
	private readonly paid = new Map<string, Invoice[]>();
	/** What invoices were before their last change, and when it was, in milliseconds since 1970. */
	private readonly former = new Map<string, { status: InvoiceStatus; until: number }>();
	private nextCheckoutSession = FIRST_CHECKOUT_SESSION;

	constructor(private readonly options: BooksOptions) {}

	/** @throws ApiError by the "Create Customer" section of SafePays' Customers page */
	createCustomer(account: string, fields: Fields): Customer {
		const name = text(fields.name);
		const email = text(fields.email);
		if (!name || !email) throw new ApiError(400, 'name and email are required');
		if (!EMAIL.test(email)) throw new ApiError(400, 'Invalid email format');
		if (this.customerByEmail.has(emailKey(account, email))) {
			throw new ApiError(409, 'Customer with this email already exists');
		}

		const customer: Customer = {
			id: randomUUID(),
			account,
			name,
			email,
			group: text(fields.group),
			preferredCurrency: text(fields.preferred_currency) ?? 'USD',
			addressLine1: text(fields.address_line1),
			addressLine2: text(fields.address_line2),
			city: text(fields.city),
			state: text(fields.state),
			zip: text(fields.zip),
			country: text(fields.country),
			createdAt: this.options.now().toISOString(),
		};
		this.addCustomer(customer);
		this.options.onChange();
		return customer;
	}

	/** @throws ApiError by the "Create Invoice" section of SafePays' Invoices page */
	createInvoice(account: string, fields: Fields): Invoice {
		const customerId = text(fields.customer_id);
		const email = text(fields.email);
		if (!customerId && !email) throw new ApiError(400, 'email or customer_id is required');

		const items = lineItems(fields);
		const baseCents = items.reduce((sum, item) => sum + toCents(item.qty * item.price), 0);
		if (!(baseCents > 0)) throw new ApiError(400, 'Invoice amount must be greater than 0');

		const redirectUrl = webAddress(fields.redirect_url, 'redirect_url');
		const webhookUrl = webAddress(fields.webhook_url, 'webhook_url');
		const now = this.options.now();
		const dueDate = given(fields.due_date)
			? calendarDate(fields.due_date)
			: isoDate(new Date(now.getTime() + DEFAULT_DUE_DAYS * DAY_MS));

		let customer: Customer | undefined;
		if (customerId) {
			customer = this.customer(account, customerId);
		} else if (email) {
			if (!EMAIL.test(email)) throw new ApiError(400, 'Invalid email format');
			customer = this.customerByEmail.get(emailKey(account, email));
		}

		const invoice: Invoice = {
			id: randomUUID(),
			account,
			customerId: customer?.id ?? null,
			email: customerId && customer ? customer.email : (email ?? ''),
			amount: fromCents(withFee(baseCents, this.options.feePercent)),
			baseAmount: fromCents(baseCents),
			currency: text(fields.currency) ?? 'USD',
			items,
			dueDate,
			status: 'Invoice Created',
			provider: null,
			redirectUrl,
			webhookUrl,
			checkoutSessionId: this.nextCheckoutSession,
			createdAt: now.toISOString(),
			paidAt: null,
		};
		this.addInvoice(invoice);
		this.options.onChange();
		return invoice;
	}

	/** @throws ApiError 404 also for a customer of another account */
	customer(account: string, id: string): Customer {
		const customer = this.customers.get(id);
		if (customer?.account !== account) throw new ApiError(404, 'Customer not found');
		return customer;
	}

	/** @throws ApiError 404 also for an invoice of another account */
	invoice(account: string, id: string): Invoice {
		const invoice = this.invoices.get(id);
		if (invoice?.account !== account) throw new ApiError(404, 'Invoice not found');
		return invoice;
	}

	invoiceOfCheckout(sessionId: number): Invoice | undefined {
		return this.invoiceByCheckout.get(sessionId);
	}

	/** The customer's paid invoices, newest payment first. */
	paidInvoices(customerId: string): Invoice[] {
		return [...(this.paid.get(customerId) ?? [])].reverse();
	}

	setStatus(invoice: Invoice, status: InvoiceStatus): void {
		if (invoice.status === status) return;
		if (invoice.status === 'Paid') this.unlistPaid(invoice);
		this.former.set(invoice.id, { status: invoice.status, until: Date.now() });
		invoice.status = status;
		invoice.provider = status === 'Paid' ? 'card' : null;
		invoice.paidAt = status === 'Paid' ? this.options.now().toISOString() : null;
		if (status === 'Paid') this.listPaid(invoice);
		this.options.onChange();
	}

	/** The status before the last change, if that was within so many real milliseconds. */
	formerStatus(id: string, withinMs = Infinity): InvoiceStatus | undefined {
		const former = this.former.get(id);
		return former && Date.now() - former.until < withinMs ? former.status : undefined;
	}

	/** Moves the due date into the past where it is not there yet. */
	makePastDue(invoice: Invoice): void {
		if (invoice.dueDate < this.today()) return;
		invoice.dueDate = isoDate(new Date(this.options.now().getTime() - DAY_MS));
		this.options.onChange();
	}

	/** `YYYY-MM-DD` in UTC. */
	today(): string {
		return isoDate(this.options.now());
	}

	clear(): void {
		this.customers.clear();
		this.invoices.clear();
		this.customerByEmail.clear();
		this.invoiceByCheckout.clear();
		this.paid.clear();
		this.former.clear();
		this.nextCheckoutSession = FIRST_CHECKOUT_SESSION;
		this.options.onChange();
	}

	snapshot(): Snapshot {
		return { customers: [...this.customers.values()], invoices: [...this.invoices.values()] };
	}

	load({ customers, invoices }: Snapshot): void {
		customers.forEach((customer) => this.addCustomer(customer));
		invoices.forEach((invoice) => this.addInvoice(invoice));
		invoices
			.filter((invoice) => invoice.status === 'Paid')
			.sort((a, b) => (a.paidAt ?? '').localeCompare(b.paidAt ?? ''))
			.forEach((invoice) => this.listPaid(invoice));
	}

	private addCustomer(customer: Customer): void {
		this.customers.set(customer.id, customer);
		this.customerByEmail.set(emailKey(customer.account, customer.email), customer);
	}

	private addInvoice(invoice: Invoice): void {
		this.invoices.set(invoice.id, invoice);
		this.invoiceByCheckout.set(invoice.checkoutSessionId, invoice);
		this.nextCheckoutSession = Math.max(this.nextCheckoutSession, invoice.checkoutSessionId + 1);
	}

	private listPaid(invoice: Invoice): void {
		if (!invoice.customerId) return;
		const list = this.paid.get(invoice.customerId);
		if (list) list.push(invoice);
		else this.paid.set(invoice.customerId, [invoice]);
	}

	private unlistPaid(invoice: Invoice): void {
		const list = this.paid.get(invoice.customerId ?? '');
		if (list) list.splice(list.indexOf(invoice), 1);
	}
}

/** `YYYY-MM-DD` in UTC. */
function isoDate(date: Date): string {
	return date.toISOString().slice(0, 10);
}

function emailKey(account: string, email: string): string {
	return `${account}\n${email.toLowerCase()}`;
}

function given(value: unknown): boolean {
	return value !== undefined && value !== null && value !== '';
}

function text(value: unknown): string | null {
	if (typeof value === 'number') return String(value);
	return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

function lineItems(fields: Fields): LineItem[] {
	const { amount, items } = fields;
	if (given(items) && !(Array.isArray(items) && items.length === 0)) {
		if (!Array.isArray(items)) throw new ApiError(400, 'items must be a list');
		return items.map(lineItem);
	}
	if (!given(amount)) throw new ApiError(400, 'amount or items are required');
	if (typeof amount !== 'number') {
		throw new ApiError(400, 'Invoice amount must be greater than 0');
	}
	return [{ title: 'Payment', qty: 1, price: fromCents(toCents(amount)) }];
}

function lineItem(value: unknown): LineItem {
	const { title, qty, price } = (value ?? {}) as Fields;
	const name = text(title);
	if (!name || typeof qty !== 'number' || typeof price !== 'number') {
		throw new ApiError(400, 'Each item must include title, qty and price');
	}
	return { title: name, qty, price };
}

function webAddress(value: unknown, field: string): string | null {
	if (!given(value)) return null;
	const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
	if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
		throw new ApiError(400, `Invalid ${field}`);
	}
	return value as string;
}

function calendarDate(value: unknown): string {
	const date =
		typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? new Date(value) : null;
	// `new Date` takes 30 February for 1 March, so the date must read the same afterwards.
	if (!date || Number.isNaN(date.getTime()) || isoDate(date) !== value) {
		throw new ApiError(400, 'Invalid due_date format. Use YYYY-MM-DD');
	}
	return value as string;
}
