import type { Customer, Invoice } from '../books';
import { FAULT_KINDS } from '../faults';
import type { Fault } from '../faults';
import type { Delivery } from '../notifications';
import type { RecordedRequest } from '../requestLog';
import { html } from './html';
import type { Html } from './html';
import { page } from './layout';
import { actionButton, clock, invoiceTable, statusPill, table } from './tables';

export interface HomeContent {
	baseUrl: string;
	apiKeys: string[];
	/** Each list newest first, cut to what a page can show, and how many there are in all. */
	invoices: Listing<Invoice>;
	customers: Listing<Customer>;
	deliveries: Listing<Delivery>;
	requests: Listing<RecordedRequest>;
	faults: readonly Fault[];
	/** What went wrong with the form that was just sent. */
	problem: string | null;
}

export interface Listing<T> {
	latest: T[];
	total: number;
}

export function homePage(content: HomeContent): string {
	const { baseUrl, apiKeys, invoices, customers, deliveries, requests, problem } = content;
	return page(
		'Home',
		html`<h1>A SafePays to build and test workflows against</h1>
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
					Then create an invoice, open its payment page below, and press Pay: the invoice’s webhook URL
					is notified. n8n must be reachable from this machine at that URL.
				</p>
				<div class="actions">
					<a href="/">Reload this page</a>
					${actionButton('/sandbox/reset', 'Forget everything', 'all records and faults')}
				</div>
			</section>
			${listing('Invoices', invoices, invoiceTable)}
			${listing('Notifications', deliveries, deliveryTable)}
			${faultSection(content.faults)} ${listing('Customers', customers, customerTable)}
			${listing('API requests', requests, requestTable)}`,
	);
}

function listing<T>(title: string, { latest, total }: Listing<T>, show: (rows: T[]) => Html): Html {
	const shown = latest.length < total ? `the latest ${latest.length} of ${total}` : String(total);
	return html`<section>
		<h2>${title} <small>(${shown})</small></h2>
		${latest.length ? show(latest) : html`<p class="quiet">None yet.</p>`}
	</section>`;
}

function deliveryTable(deliveries: Delivery[]): Html {
	return table(
		['Answer', 'Sent (UTC)', 'Invoice', 'To', ''],
		deliveries.map(
			(delivery) =>
				html`<tr>
					<td>${answerOf(delivery)}</td>
					<td class="nowrap">
						${clock(delivery.startedAt)}${delivery.attempt > 1 && ` (attempt ${delivery.attempt})`}
					</td>
					<td>${statusPill(delivery.invoiceStatus)} <code>${delivery.invoiceId}</code></td>
					<td class="break">${delivery.url}</td>
					<td>
						${actionButton(
							`/sandbox/deliveries/${delivery.id}/resend`,
							'Send again',
							`notification of ${delivery.startedAt}`,
						)}
					</td>
				</tr>`,
		),
	);
}

function answerOf({ status, error, responseBody, durationMs }: Delivery): Html {
	if (status === null) {
		if (error) return html`<span class="pill bad">no answer</span> <span class="break">${error}</span>`;
		return html`<span class="pill">waiting</span>`;
	}
	const tone = status >= 200 && status < 300 ? 'good' : 'bad';
	return html`<span class="pill ${tone}">${status}</span>
		<span class="quiet">${durationMs} ms</span>
		<span class="break">${(responseBody ?? '').slice(0, 200)}</span>`;
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
			const tone = status !== null && status < 400 ? 'good' : 'bad';
			return html`<tr>
				<td><span class="pill ${tone}">${status ?? 'none'}</span></td>
				<td class="nowrap">${clock(startedAt)}</td>
				<td class="break"><code>${method} ${path}</code></td>
			</tr>`;
		}),
	);
}

function faultSection(faults: readonly Fault[]): Html {
	const list = html`<ul>
			${faults.map((fault) => html`<li><code>${describe(fault)}</code></li>`)}
		</ul>
		${actionButton('/sandbox/faults/clear', 'Clear all faults', `${faults.length} active`)}`;
	return html`<section>
		<h2>Faults <small>(${faults.length} active)</small></h2>
		<p class="quiet">
			Make API requests or notifications go wrong, to see what your workflow makes of it. Empty fields
			mean: every request, always, the kind’s own status.
		</p>
		${faults.length > 0 && list}
		<form method="post" action="/sandbox/faults">
			<div class="fields">
				<label
					>Kind
					<select name="kind">
						${FAULT_KINDS.map((kind) => html`<option>${kind}</option>`)}
					</select></label
				>
				<label
					>Method
					<select name="method">
						<option></option>
						<option>POST</option>
						<option>GET</option>
					</select></label
				>
				<label>Path starts with <input name="path" placeholder="/api/v2/invoice" /></label>
				<label>Status <input name="status" inputmode="numeric" placeholder="502" /></label>
				<label>Milliseconds <input name="ms" inputmode="numeric" placeholder="5000" /></label>
				<label>How many times <input name="times" inputmode="numeric" placeholder="1" /></label>
				<label>Probability <input name="probability" inputmode="decimal" placeholder="0.5" /></label>
				<label>Message <input name="message" /></label>
				<label class="check"
					><input type="checkbox" name="afterProcessing" value="true" /> The request takes effect all
					the same</label
				>
			</div>
			<button class="main">Add fault</button>
		</form>
	</section>`;
}

/** As `--fault` would take it. */
function describe({ kind, on, headers: _headers, ...rest }: Fault): string {
	const fields = { kind, method: on?.method, path: on?.path, ...rest };
	return Object.entries(fields)
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => `${name}=${value instanceof RegExp ? value.source : String(value)}`)
		.join(',');
}
