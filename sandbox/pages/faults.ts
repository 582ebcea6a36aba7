import { ERROR_SHAPES, FAULT_KINDS } from '../faults';
import type { Fault, FaultKind } from '../faults';
import { WEBHOOK_FORMATS } from '../notificationFormats';
import { html } from './html';
import type { Html } from './html';
import { actionButton } from './tables';

const KIND_LABELS: Record<FaultKind, string> = {
	status: 'An error, such as 401, 429 or 503',
	resetBefore: 'The connection is reset, nothing has happened',
	resetAfter: 'The connection is reset after the request took effect',
	slow: 'A slow answer',
	hang: 'No answer at all',
	html: 'A proxy’s HTML page',
	emptyBody: 'An empty answer',
	brokenJson: 'JSON that ends too soon',
	wrongShape: 'JSON that is none of SafePays’',
	redirect: 'A redirect',
	echoKey: 'An error that repeats the API key',
	otherError: 'An error in another shape',
	staleStatus: 'An API that lags behind its notifications',
	otherStatus: 'A status in other letters, such as “PAID ”',
	otherContentType: 'Another content type',
	paidInvoicesObject: 'paid_invoices as an object',
	duplicateNotification: 'A notification is sent twice',
	lateNotification: 'A notification comes late',
	lostNotification: 'A notification is never sent',
	otherNotification: 'A notification in another format',
};

/** Says that something goes wrong on purpose; null while nothing does. */
export function faultBanner(faults: readonly Fault[]): Html | null {
	if (faults.length === 0) return null;
	const count = faults.length === 1 ? '1 fault is' : `${faults.length} faults are`;
	return html`<section class="notice bad" role="status">
		<p><strong>${count} active:</strong> requests or notifications go wrong on purpose.</p>
		<ul>
			${faults.map(
				(fault) => html`<li>${KIND_LABELS[fault.kind]}: <code>${describe(fault)}</code></li>`,
			)}
		</ul>
		${actionButton('/sandbox/faults/clear', 'Clear all faults', `${faults.length} active`)}
	</section>`;
}

/** The form that adds a fault, folded away until it is wanted. */
export function faultSection({ active, open }: { active: number; open: boolean }): Html {
	const input = (name: keyof Fault | 'path', label: string, placeholder: string) =>
		html`<label>${label} <input name="${name}" placeholder="${placeholder}" /></label>`;
	const choice = (name: string, label: string, options: readonly string[]) =>
		html`<label
			>${label}
			<select name="${name}">
				<option></option>
				${options.map((option) => html`<option>${option}</option>`)}
			</select></label
		>`;
	return html`<section>
		<details ${open && 'open'}>
			<summary>
				<h2>Make something go wrong</h2>
				<small id="fault-count" data-live>(${active} active)</small>
			</summary>
			<p class="quiet">
				See what your workflow makes of it. What is left empty means: every request, always, the
				kind’s own values.
			</p>
			<form method="post" action="/sandbox/faults">
				<div class="fields">
					<label class="two"
						>What happens
						<select name="kind" required>
							<option value="">Choose…</option>
							${FAULT_KINDS.map(
								(kind) => html`<option value="${kind}">${KIND_LABELS[kind]}</option>`,
							)}
						</select></label
					>
					${input('times', 'How many times', '1')} ${input('forMs', 'For how long (ms)', '30000')}
					${choice('method', 'Method', ['POST', 'GET'])}
					${input('path', 'Path starts with', '/api/v2/invoice')}
					${input('probability', 'Probability, 0 to 1', '0.5')} ${input('status', 'Status', '502')}
					${input('message', 'Message', '')} ${input('retryAfter', 'Retry-After (s)', '2')}
					${input('ms', 'Delay (ms)', '5000')} ${input('lagMs', 'Lag (ms)', '5000')}
					${choice('shape', 'Error shape', ERROR_SHAPES)}
					${choice('format', 'Notification format', WEBHOOK_FORMATS)}
					${input('contentType', 'Content type', 'text/plain')}
					<label class="check"
						><input type="checkbox" name="afterProcessing" value="true" /> The request takes effect
						all the same</label
					>
				</div>
				<button class="main">Add fault</button>
			</form>
		</details>
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
