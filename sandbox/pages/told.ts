import type { Invoice } from '../books';
import { isTestUrl, testUrlFor } from '../n8nUrls';
import type { Delivery } from '../notifications';
import { html } from './html';
import type { Html } from './html';
import { actionButton } from './tables';

interface Verdict {
	tone: '' | 'good' | 'bad' | 'late';
	text: string;
	/** Whether the receiver will start, or has started, what it does about a payment. */
	received: boolean;
}

const MAX_REASON_CHARACTERS = 120;

/** The notifications of an invoice's present status, oldest first; the last one of each address. */
export function lastDeliveries(invoice: Invoice, deliveries: readonly Delivery[]): Delivery[] {
	const byUrl = new Map<string, Delivery>();
	for (const delivery of deliveries) {
		if (delivery.invoiceId !== invoice.id || delivery.invoiceStatus !== invoice.status) continue;
		byUrl.delete(delivery.url);
		byUrl.set(delivery.url, delivery);
	}
	return [...byUrl.values()];
}

/** What a notification was answered, in a few words. */
export function judge({ url, status, error, responseBody }: Delivery): Verdict {
	if (error !== null) {
		const text = error.includes('ECONNREFUSED') ? 'no answer: is n8n running?' : error;
		return { tone: 'bad', text, received: false };
	}
	if (status === null) return { tone: '', text: 'waiting', received: false };

	const answer = parseObject(responseBody);
	if (status >= 200 && status < 300) {
		const flag = ['pending', 'duplicate', 'ignored'].find((name) => Boolean(answer[name]));
		const text = `told: ${status}${flag ? `, ${flag}` : ''}`;
		return { tone: flag ? 'late' : 'good', text, received: flag !== 'ignored' };
	}
	// SafePays' node says {"error": …}; n8n itself, or another receiver, does not know the address.
	if (status === 404 && typeof answer.error !== 'string') {
		const question = isTestUrl(url)
			? 'is n8n listening for a test event?'
			: 'is the workflow published?';
		return { tone: 'bad', text: `404: ${question}`, received: false };
	}
	const reason = [answer.error, answer.message].find((words) => typeof words === 'string');
	const text = reason ? `${status}: ${String(reason).slice(0, MAX_REASON_CHARACTERS)}` : status;
	return { tone: 'bad', text: String(text), received: false };
}

/** Who was told of the invoice's present status, and what they answered. */
export function toldCell(invoice: Invoice, deliveries: readonly Delivery[]): Html {
	if (deliveries.length === 0) {
		if (!invoice.webhookUrl) {
			return html`<span class="pill late">nobody: no webhook URL</span>`;
		}
		return invoice.status === 'Invoice Created'
			? html`<span class="quiet">nobody yet</span>`
			: html`<span class="pill bad">nobody: nothing was sent</span>`;
	}
	return html`${deliveries.map(
		(delivery) =>
			html`<div>
				${verdictPill(delivery)}<br /><small class="quiet break">${address(delivery.url)}</small>
			</div>`,
	)}`;
}

export function verdictPill(delivery: Delivery): Html {
	const { tone, text } = judge(delivery);
	return html`<span class="pill wrap ${tone}">${text}</span>`;
}

/** Sends a notification again, to where it went and to n8n's test URL. */
export function resendButtons({ id, url, startedAt }: Delivery): Html {
	const path = `/sandbox/deliveries/${id}`;
	const about = `notification of ${startedAt}`;
	return html`<div class="actions">
		${actionButton(`${path}/resend`, 'Send again', about)}
		${testUrlFor(url) !== null &&
		actionButton(`${path}/resend-to-test-url`, 'Send to the test URL', about)}
	</div>`;
}

/** A URL for people to recognise: its query may be long. */
function address(url: string): string {
	const { host, pathname } = new URL(url);
	return `${host}${pathname}`;
}

function parseObject(text: string | null): Record<string, unknown> {
	try {
		const value = JSON.parse(text ?? '') as unknown;
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
	} catch {
		return {};
	}
}
