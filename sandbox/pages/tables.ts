import type { Invoice, InvoiceStatus } from '../books';
import { formatMoney } from '../money';
import { html } from './html';
import type { Html } from './html';

/** A table that scrolls sideways on its own where the screen is narrow. */
export function table(headings: string[], rows: Html[]): Html {
	return html`<div class="scroll">
		<table>
			<thead>
				<tr>
					${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
				</tr>
			</thead>
			<tbody>
				${rows}
			</tbody>
		</table>
	</div>`;
}

/** A button that posts to the control API and comes back to the home page. */
export function actionButton(path: string, label: string, about: string): Html {
	return html`<form method="post" action="${path}">
		<button aria-label="${label}: ${about}">${label}</button>
	</form>`;
}

export function statusPill(status: InvoiceStatus): Html {
	const tones: Record<InvoiceStatus, string> = {
		'Invoice Created': '',
		Paid: 'good',
		Unpaid: 'late',
		Failed: 'bad',
	};
	return html`<span class="pill ${tones[status]}">${status}</span>`;
}

/** @param told who was told of an invoice's payment */
export function invoiceTable(invoices: Invoice[], told: (invoice: Invoice) => Html): Html {
	return table(
		['Status', 'Amount', 'E-mail', 'Who was told', 'Due', 'Created (UTC), ID', ''],
		invoices.map(
			(invoice) =>
				html`<tr>
					<td>${statusPill(invoice.status)}</td>
					<td class="nowrap">${formatMoney(invoice.amount, invoice.currency)}</td>
					<td class="break">${invoice.email}</td>
					<td class="told">${told(invoice)}</td>
					<td class="nowrap">${invoice.dueDate}</td>
					<td>${clock(invoice.createdAt)}<br /><code>${invoice.id}</code></td>
					<td>
						<div class="actions">
							<a class="nowrap" href="/pay/${invoice.id}">Payment page</a>
							${(invoice.status === 'Invoice Created' || invoice.status === 'Failed') &&
							actionButton(
								`/sandbox/invoices/${invoice.id}/expire`,
								'Mark past due',
								`invoice ${invoice.id}`,
							)}
						</div>
					</td>
				</tr>`,
		),
	);
}

/** A moment for people to read, in UTC: `2026-03-17 09:30:05`. */
export function clock(moment: string | number): string {
	return new Date(moment).toISOString().slice(0, 19).replace('T', ' ');
}
