import type { Customer, Invoice } from './books';
import { fromCents, toCents } from './money';

const MONTHS = [
	...['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun'],
	...['Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
];

/** The customer as SafePays' Customers page shows it. */
export function customerView(customer: Customer) {
	return {
		id: customer.id,
		name: customer.name,
		email: customer.email,
		group: customer.group,
		preferred_currency: customer.preferredCurrency,
		address_line1: customer.addressLine1,
		address_line2: customer.addressLine2,
		city: customer.city,
		state: customer.state,
		zip: customer.zip,
		country: customer.country,
		created_on: `${customer.createdAt.slice(0, 10)} ${customer.createdAt.slice(11, 19)}`,
	};
}

/** The invoice as "Create Invoice" of SafePays' Invoices page answers it. */
export function createdInvoiceView(invoice: Invoice, baseUrl: string) {
	return {
		id: invoice.id,
		amount: invoice.amount,
		base_amount: invoice.baseAmount,
		currency: invoice.currency,
		payment_link: checkoutLink(invoice, baseUrl),
		fanbasis_checkout_session_id: invoice.checkoutSessionId,
		status: invoice.status,
		email: invoice.email,
		customer_id: invoice.customerId,
		items: invoice.items,
		due_date: invoice.dueDate,
		created_on: invoiceDate(invoice.createdAt),
	};
}

/** The invoice as "Check Invoice Status", paid_invoices and notifications show it. */
export function invoiceView(invoice: Invoice, baseUrl: string) {
	return {
		id: invoice.id,
		amount: invoice.amount,
		currency: invoice.currency,
		email: invoice.email,
		provider: invoice.provider,
		status: invoice.status,
		created_on: invoiceDate(invoice.createdAt),
		paid_on: invoice.paidAt && invoiceDate(invoice.paidAt),
		payment_link: `${baseUrl}/pay/${invoice.id}`,
		items: invoice.items.map(({ title, qty, price }) => ({ name: title, qty, price })),
		due_date: invoice.dueDate,
		customer_id: invoice.customerId,
	};
}

/** The body of "Get Customer Details". `paid` is newest payment first. */
export function customerDetailsView(customer: Customer, paid: Invoice[], baseUrl: string) {
	return {
		status: 'success',
		customer: customerView(customer),
		customer_url: `${baseUrl}/dashboard/customer/${customer.id}`,
		paid_invoices: paid.map((invoice) => invoiceView(invoice, baseUrl)),
		total_paid_count: paid.length,
		total_paid_amount: totals(paid),
	};
}

/** Sums in major units by currency code. */
export function totals(invoices: Invoice[]): Record<string, number> {
	const cents = new Map<string, number>();
	for (const { amount, currency } of invoices) {
		cents.set(currency, (cents.get(currency) ?? 0) + toCents(amount));
	}
	return Object.fromEntries([...cents].map(([currency, sum]) => [currency, fromCents(sum)]));
}

/** The checkout code in a `payment_link` that "Create Invoice" hands out. */
export function checkoutSession(code: string): number {
	return Number.parseInt(code, 36);
}

/** A created invoice links to the provider's checkout, not to `/pay/<id>` as GET does. */
function checkoutLink(invoice: Invoice, baseUrl: string): string {
	const code = invoice.checkoutSessionId.toString(36).toUpperCase();
	return `${baseUrl}/agency-checkout/sandbox/${code}`;
}

/** `17 Mar, 2026`, in UTC. */
function invoiceDate(iso: string): string {
	return `${iso.slice(8, 10)} ${MONTHS[Number(iso.slice(5, 7)) - 1]}, ${iso.slice(0, 4)}`;
}
