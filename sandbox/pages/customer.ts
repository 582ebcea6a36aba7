import type { Customer, Invoice } from '../books';
import type { Delivery } from '../notifications';
import { formatMoney } from '../money';
import { totals } from '../views';
import { html } from './html';
import { page } from './layout';
import { invoiceTable } from './tables';
import { lastDeliveries, toldCell } from './told';

/** The page that `customer_url` leads to. */
export function customerPage(
	customer: Customer,
	invoices: Invoice[],
	paid: Invoice[],
	deliveriesOf: (invoiceId: string) => Delivery[],
): string {
	const told = (invoice: Invoice) =>
		toldCell(invoice, lastDeliveries(invoice, deliveriesOf(invoice.id)));
	const { addressLine1, addressLine2, city, state, zip, country } = customer;
	const address = [addressLine1, addressLine2, city, state, zip, country].filter(Boolean);
	const sums = Object.entries(totals(paid)).map(([currency, sum]) => formatMoney(sum, currency));
	const facts = [
		['E-mail', customer.email],
		['Group', customer.group],
		['Preferred currency', customer.preferredCurrency],
		['Address', address.join(', ')],
		['Paid so far', sums.join(' + ') || 'Nothing'],
		['Customer ID', customer.id],
	];
	return page(
		customer.name,
		html`<section>
				<h1 class="break">${customer.name}</h1>
				<dl>
					${facts.map(
						([name, value]) =>
							Boolean(value) &&
							html`<dt>${name}</dt>
								<dd class="break">${value}</dd>`,
					)}
				</dl>
			</section>
			<section>
				<h2>Invoices</h2>
				${invoices.length ? invoiceTable(invoices, told) : html`<p class="quiet">None yet.</p>`}
			</section>`,
	);
}
