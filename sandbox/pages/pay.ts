import type { Invoice } from '../books';
import type { Delivery } from '../notifications';
import { formatMoney, fromCents, toCents } from '../money';
import { html } from './html';
import type { Html } from './html';
import { page } from './layout';
import { live } from './live';
import { judge, lastDeliveries, resendButtons, toldCell } from './told';

/** The page that a payment link leads to. */
export function payPage(invoice: Invoice): string {
	const { id, amount, currency, email, dueDate, status } = invoice;
	const path = `/pay/${id}`;
	const buttons = html`<div class="pay">
		<form method="post" action="${path}/pay">
			<button class="main">Pay ${formatMoney(amount, currency)}</button>
		</form>
		<form method="post" action="${path}/decline"><button>Decline the payment</button></form>
	</div>`;
	return page(
		'Pay an invoice',
		html`<section>
			<h1 class="break">Invoice for ${email}</h1>
			${notice(invoice)}
			<p class="amount">${formatMoney(amount, currency)}</p>
			<p class="quiet">Due on ${dueDate}</p>
			${itemTable(invoice)} ${status === 'Paid' ? null : buttons}
		</section>`,
		{ narrow: true },
	);
}

/** Where a payer ends up when the invoice has no `redirect_url`, and who was told of the payment. */
export function thankYouPage(invoice: Invoice, deliveries: readonly Delivery[]): string {
	const { id, amount, currency } = invoice;
	return page(
		'Thank you',
		html`<section>
				<h1>Thank you</h1>
				<p class="notice good">Your payment of ${formatMoney(amount, currency)} was received.</p>
				<p class="quiet">Transaction ID: <code>${id}</code></p>
			</section>
			${live('told', toldSection(invoice, lastDeliveries(invoice, deliveries)))}
			<p><a href="/">Back to the home page</a></p>`,
		{ narrow: true },
	);
}

function toldSection(invoice: Invoice, deliveries: Delivery[]): Html {
	return html`<section>
		<h2>Who was told</h2>
		${toldCell(invoice, deliveries)}
		<p class="quiet">${nextStep(invoice, deliveries)}</p>
		${deliveries.slice(-1).map(resendButtons)}
	</section>`;
}

/** What the answers mean, and what to do about them. */
function nextStep({ webhookUrl }: Invoice, deliveries: Delivery[]): string {
	if (deliveries.length === 0) {
		return webhookUrl
			? 'No notification was sent: a fault has swallowed it, or it comes late.'
			: 'The invoice was created without a webhook URL, so no workflow hears of this payment.';
	}
	if (deliveries.some(({ status, error }) => status === null && error === null)) {
		return 'This page shows the answer when it comes.';
	}
	return deliveries.some((delivery) => judge(delivery).received)
		? 'n8n has it: see the workflow’s executions.'
		: 'No workflow has heard of this payment. Correct that, then send it again.';
}

export function notFoundPage(message: string): string {
	return page(
		message,
		html`<section>
			<h1>${message}</h1>
			<p>
				The sandbox does not know it. It forgets everything when it is reset, or restarted without
				<code>--data</code>.
			</p>
			<p><a href="/">To the home page</a></p>
		</section>`,
		{ narrow: true },
	);
}

/**
 * The address that a payer is sent to, with the transaction ID appended ("redirect_url" of
 * SafePays' Invoices page).
 */
export function redirectAfterPayment({ id, redirectUrl }: Invoice): string {
	if (!redirectUrl) return `/pay/${id}/thank-you`;
	const url = new URL(redirectUrl);
	// Not by searchParams, which would write the rest of the query anew.
	url.search += `${url.search ? '&' : '?'}transaction_id=${id}`;
	return url.href;
}

function notice({ status }: Invoice): Html | null {
	switch (status) {
		case 'Paid':
			return html`<p class="notice good">This invoice is already paid. Thank you.</p>`;
		case 'Failed':
			return html`<p class="notice bad">The payment failed. You can try again.</p>`;
		case 'Unpaid':
			return html`<p class="notice">This invoice is past due. It can still be paid.</p>`;
		default:
			return null;
	}
}

function itemTable({ items, amount, baseAmount, currency }: Invoice): Html {
	const fee = fromCents(toCents(amount) - toCents(baseAmount));
	return html`<div class="scroll">
		<table>
			<thead>
				<tr>
					<th scope="col">Item</th>
					<th scope="col" class="number">Qty</th>
					<th scope="col" class="number">Price</th>
					<th scope="col" class="number">Total</th>
				</tr>
			</thead>
			<tbody>
				${items.map(
					({ title, qty, price }) =>
						html`<tr>
							<td>${title}</td>
							<td class="number">${qty}</td>
							<td class="number">${formatMoney(price, currency)}</td>
							<td class="number">${formatMoney(fromCents(toCents(qty * price)), currency)}</td>
						</tr>`,
				)}
			</tbody>
			<tfoot>
				<tr class="fee">
					<th scope="row" colspan="3">Fee</th>
					<td class="number">${formatMoney(fee, currency)}</td>
				</tr>
				<tr>
					<th scope="row" colspan="3">Total</th>
					<td class="number"><strong>${formatMoney(amount, currency)}</strong></td>
				</tr>
			</tfoot>
		</table>
	</div>`;
}
