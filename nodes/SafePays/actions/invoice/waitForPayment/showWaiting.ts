import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { escapeHtml, showHint } from '../../../errors/hints';
import { isNotifiedOf } from '../../../idempotency/notifiedInvoices';
import { isOutOfReach, PUBLIC_ADDRESS_ADVICE } from '../../../transport/addresses';
import type { FinalInvoices } from './finalInvoices';

/** Invoices that a hint names. */
const MAX_NAMED = 3;

/**
 * What the editor shows at a waiting node, as HTML: n8n evaluates it with nothing but two URLs, which
 * `showInTooltip` sets. Until then resumeFormUrl is n8n's own form.
 */
export const WAITING_TOOLTIP =
	'={{ "Waiting for payment" + $execution.resumeUrl.replace(/^[^#]*#?/, "").replace(/^(\\d+)-of-(\\d+)$/, ": $1 of $2 paid when the wait began") + ($execution.resumeFormUrl.includes("/form-waiting/") ? "" : $execution.resumeFormUrl.replace(/["<>]/g, "").replace(/.+/, ". Pay here: <a href=\\"$&\\" target=\\"_blank\\">$&</a>")) }}';

/**
 * Tells `WAITING_TOOLTIP` how many invoices are final, behind the resume URL, and where the first
 * open one is paid, in place of n8n's form.
 */
export function showInTooltip(
	context: IExecuteFunctions,
	{ ids, openIds }: FinalInvoices,
	resumeUrl: string,
	outputs: INodeExecutionData[],
): void {
	const paymentPage = outputs
		.filter(({ json }) => openIds.includes(String(json.id).toLowerCase()))
		.map(({ json }) => json.payment_link)
		.find((link) => typeof link === 'string' && /^https?:\/\//i.test(link));
	context.setMetadata({
		resumeUrl: `${resumeUrl}#${ids.length - openIds.length}-of-${ids.length}`,
		resumeFormUrl: paymentPage as string | undefined,
	});
}

/** Says in the editor why the payment may be noticed late. */
export function showWaitingHints(
	context: IExecuteFunctions,
	{ openIds }: FinalInvoices,
	resumeUrl: string,
	baseUrl: string,
): void {
	if (isOutOfReach(resumeUrl, baseUrl)) {
		showHint(
			context,
			`SafePays cannot reach this n8n at ${new URL(resumeUrl).origin}, a private address: apart from one look some seconds after the wait begins, no payment is noticed before the time limit. ${PUBLIC_ADDRESS_ADVICE}`,
			'warning',
		);
		return;
	}
	const elsewhere = openIds.filter((id) => !isNotifiedOf(context, id));
	if (elsewhere.length === 0) return;
	const named = escapeHtml(elsewhere.slice(0, MAX_NAMED).join(', '));
	const more = elsewhere.length > MAX_NAMED ? ` and ${elsewhere.length - MAX_NAMED} more` : '';
	showHint(
		context,
		`SafePays does not notify this execution of: ${named}${more}. Their payment may be noticed only at the time limit. It is notified only of invoices that were created in this same execution, with "When Paid" set to "Resume This Workflow", and not in an earlier try.`,
		'warning',
	);
}
