import type { Customer, Invoice } from '../books';
import type { Fault } from '../faults';
import type { Delivery } from '../notifications';
import type { RecordedRequest } from '../requestLog';
import { html } from './html';
import type { Html } from './html';
import { faultBanner, faultSection } from './faults';
import { page } from './layout';
import { live } from './live';
import { actionButton, clock, invoiceTable, statusPill, table } from './tables';
import { lastDeliveries, resendButtons, toldCell, verdictPill } from './told';

/** What n8n asks for to test a credential: an invoice that there is not, so 404 is a good answer. */
const CREDENTIAL_TEST = '/api/v2/invoice/00000000-0000-4000-8000-000000000000';

export interface HomeContent {
	baseUrl: string;
	apiKeys: string[];
	/** Each list newest first, cut to what a page can show, and how many there are in all. */
	invoices: Listing<Invoice>;
	customers: Listing<Customer>;
	deliveries: Listing<Delivery>;
	requests: Listing<RecordedRequest>;
	faults: readonly Fault[];
	/** Notifications by invoice ID, oldest first. */
	deliveriesOf: (invoiceId: string) => Delivery[];
	/** What went wrong with the form that was just sent. */
	problem: string | null;
	/** Whether that was the form of faults. */
	faultRefused: boolean;
}

export interface Listing<T> {
	latest: T[];
	total: number;
}

export function homePage(content: HomeContent): string {
	const { baseUrl, apiKeys, customers, deliveries, requests, problem } = content;
	const invoiceList = (rows: Invoice[]) =>
		invoiceTable(rows, (invoice) =>
			toldCell(invoice, lastDeliveries(invoice, content.deliveriesOf(invoice.id))),
		);
	return page(
		'Home',
		html`<h1>A SafePays to build and test workflows against</h1>
			${live('active-faults', faultBanner(content.faults))}
			${problem && html`<p class="notice bad" role="alert">${problem}</p>`}
			<section>
				<h2>Point n8n here</h2>
				<p>Create a <strong>SafePays API</strong> credential in n8n with:</p>
				<dl>
					<dt>API key</dt>
					<dd>${apiKeys.map((key) => html`<code>${key}</code> `)}</dd>
					<dt>Base URL</dt>
					<dd><code>${baseUrl}</code></dd>
				</dl>
				<p class="quiet">
					Then create an invoice, open its payment page below, and press Pay: the invoice’s webhook
					URL is notified. n8n must be reachable from this machine at that URL.
				</p>
			</section>
			${listing('Invoices', content.invoices, invoiceList)}
			${listing('Notifications', deliveries, deliveryTable)}
			${faultSection({ active: content.faults.length, open: content.faultRefused })}
			${listing('Customers', customers, customerTable)}
			${listing('API requests', requests, requestTable)}
			<section>
				<details>
					<summary><h2>Forget everything</h2></summary>
					<p>All invoices, customers, notifications, requests and faults are deleted, for good.</p>
					${actionButton('/sandbox/reset', 'Delete everything', 'all records and faults')}
				</details>
			</section>`,
	);
}

function listing<T>(title: string, { latest, total }: Listing<T>, show: (rows: T[]) => Html): Html {
	const shown = latest.length < total ? `the latest ${latest.length} of ${total}` : String(total);
	return live(
		title.toLowerCase().replace(' ', '-'),
		html`<section>
			<h2>${title} <small>(${shown})</small></h2>
			${latest.length ? show(latest) : html`<p class="quiet">None yet.</p>`}
		</section>`,
	);
}

function deliveryTable(deliveries: Delivery[]): Html {
	return table(
		['Answer', 'Sent (UTC)', 'Invoice', 'To', ''],
		deliveries.map(
			(delivery) =>
				html`<tr>
					<td>
						${verdictPill(delivery)}
						${delivery.durationMs !== null &&
						html`<span class="quiet">${delivery.durationMs} ms</span>`}
						<div class="break quiet">${(delivery.responseBody ?? '').slice(0, 200)}</div>
					</td>
					<td class="nowrap">
						${clock(delivery.startedAt)}${delivery.attempt > 1 && ` (attempt ${delivery.attempt})`}
					</td>
					<td>${statusPill(delivery.invoiceStatus)} <code>${delivery.invoiceId}</code></td>
					<td class="break">${delivery.url}</td>
					<td>${resendButtons(delivery)}</td>
				</tr>`,
		),
	);
}

function customerTable(customers: Customer[]): Html {
	return table(
		['Name', 'E-mail', 'Created (UTC)', 'ID'],
		customers.map(
			({ id, name, email, createdAt }) =>
				html`<tr>
					<td class="break"><a href="/dashboard/customer/${id}">${name}</a></td>
					<td class="break">${email}</td>
					<td class="nowrap">${clock(createdAt)}</td>
					<td><code>${id}</code></td>
				</tr>`,
		),
	);
}

function requestTable(requests: RecordedRequest[]): Html {
	return table(
		['Answer', 'Received (UTC)', 'Request'],
		requests.map(({ status, startedAt, method, path }) => {
			const isTest = path === CREDENTIAL_TEST;
			const isGood = status !== null && (status < 400 || (isTest && status === 404));
			return html`<tr>
				<td><span class="pill ${isGood ? 'good' : 'bad'}">${status ?? 'none'}</span></td>
				<td class="nowrap">${clock(startedAt)}</td>
				<td class="break">
					<code>${method} ${path}</code> ${isTest &&
					`credential test: ${isGood ? 'the key is good' : 'no good answer'}`}
				</td>
			</tr>`;
		}),
	);
}
