import { randomUUID } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';

import { ApiError } from './books';
import type { Invoice, InvoiceStatus } from './books';
import { appendCapped } from './cappedList';
import { notificationType } from './faults';
import type { Faults } from './faults';
import { writeMessage } from './notificationFormats';
import type { Message, WebhookFormat } from './notificationFormats';
import type { Pauses } from './pauses';

/** One attempt to deliver a notification. */
export interface Delivery {
	id: string;
	invoiceId: string;
	/** The invoice's status when it was sent. */
	invoiceStatus: InvoiceStatus;
	url: string;
	/** ISO 8601, real time whatever the sandbox's clock says. */
	startedAt: string;
	durationMs: number | null;
	/** 1, or more when it was sent again by itself after a failure. */
	attempt: number;
	headers: Record<string, string>;
	/** The JSON value that was sent, or the text if it was given as text. */
	body: unknown;
	/** What the receiver answered; null while pending and when no answer came. */
	status: number | null;
	/** The beginning of the receiver's answer. */
	responseBody: string | null;
	error: string | null;
}

/** What to send instead of the notification that the invoice calls for. */
export interface Forgery {
	url?: string;
	body?: unknown;
	headers?: Record<string, string>;
	/** Default: the sandbox's own. */
	format?: WebhookFormat;
}

interface Answer {
	status: number;
	body: string;
	retryAfter: string | undefined;
}

interface NotifierOptions {
	format: WebhookFormat;
	retries: number;
	duplicates: number;
	delayMs: number;
	timeoutMs: number;
	faults: Faults;
	pauses: Pauses;
	now: () => Date;
	baseUrl: () => string;
	/** Called when a notification is sent, and when it is over. */
	onChange: () => void;
}

const MAX_DELIVERIES = 5_000;
const MAX_KEPT = 500;
const STOPPED = 'The sandbox was closed or reset';
const MAX_RESPONSE_CHARACTERS = 2_000;
const MAX_RETRY_PAUSE_MS = 5_000;
const FIRST_RETRY_PAUSE_MS = 500;

export class Notifier {
	readonly deliveries: Delivery[] = [];
	private readonly inFlight = new Set<http.ClientRequest>();
	private cancellations = 0;

	constructor(private readonly options: NotifierOptions) {}

	/**
	 * Sends what an invoice's new status calls for: late, several times, again after failures or
	 * not at all, as the options and faults say. Resolves when the last attempt is over.
	 */
	async announce(invoice: Invoice): Promise<Delivery[]> {
		const url = invoice.webhookUrl;
		if (!url) return [];
		const { options } = this;
		const fault = options.faults.forNotification(url);
		if (fault?.kind === 'lostNotification') return [];

		const message = this.message(invoice, fault?.format);
		const type = fault && notificationType(fault);
		if (type) message.headers['Content-Type'] = type;
		const copies = 1 + options.duplicates + (fault?.kind === 'duplicateNotification' ? 1 : 0);
		try {
			await options.pauses.wait(options.delayMs + (fault?.ms ?? 0));
		} catch {
			return [];
		}
		const attempts = await Promise.all(
			Array.from({ length: copies }, () => this.deliver(invoice, { url, ...message })),
		);
		return attempts.flat();
	}

	/**
	 * Sends one notification now, once: the true one, or what `forgery` puts in its place.
	 * @throws ApiError 400 when there is no URL to send it to
	 */
	async notify(invoice: Invoice, forgery: Forgery = {}): Promise<Delivery> {
		const url = forgery.url ?? invoice.webhookUrl;
		if (!url) throw new ApiError(400, `Invoice ${invoice.id} has no webhook_url`);
		const { body, headers } = this.message(invoice, forgery.format);
		return await this.attempt(invoice, 1, {
			url,
			body: forgery.body === undefined ? body : forgery.body,
			headers: { ...headers, ...forgery.headers },
		});
	}

	/** The latest notifications, as many as are worth keeping over a restart. */
	snapshot(): Delivery[] {
		return this.deliveries.slice(-MAX_KEPT);
	}

	load(deliveries: Delivery[]): void {
		for (const delivery of deliveries) {
			const isOver = delivery.status !== null || delivery.error !== null;
			this.deliveries.push(isOver ? delivery : { ...delivery, error: STOPPED });
		}
	}

	/** Ends what is being sent, and forgets what was. */
	reset(): void {
		this.cancel();
		this.deliveries.length = 0;
	}

	/** Ends what is being sent; nothing of it is sent again. */
	cancel(): void {
		this.cancellations += 1;
		for (const request of this.inFlight) {
			request.destroy(new Error(STOPPED));
		}
	}

	private message(invoice: Invoice, format = this.options.format): Message {
		const { now, baseUrl } = this.options;
		return writeMessage(invoice, format, { now: now(), baseUrl: baseUrl() });
	}

	private async deliver(invoice: Invoice, message: Message & { url: string }): Promise<Delivery[]> {
		const attempts: Delivery[] = [];
		const { cancellations } = this;
		for (let attempt = 1; ; attempt++) {
			let retryAfter: string | undefined;
			const delivery = await this.attempt(invoice, attempt, message, (answer) => {
				retryAfter = answer.retryAfter;
			});
			attempts.push(delivery);
			const received = delivery.status !== null && delivery.status >= 200 && delivery.status < 300;
			const cancelled = cancellations !== this.cancellations;
			if (received || cancelled || attempt > this.options.retries) return attempts;
			try {
				await this.options.pauses.wait(retryPauseMs(attempt, retryAfter));
			} catch {
				return attempts;
			}
		}
	}

	private async attempt(
		invoice: Invoice,
		attempt: number,
		{ url, body, headers }: Message & { url: string },
		onAnswer?: (answer: Answer) => void,
	): Promise<Delivery> {
		const delivery: Delivery = {
			id: randomUUID(),
			invoiceId: invoice.id,
			invoiceStatus: invoice.status,
			url,
			startedAt: new Date().toISOString(),
			durationMs: null,
			attempt,
			headers,
			body,
			status: null,
			responseBody: null,
			error: null,
		};
		appendCapped(this.deliveries, delivery, MAX_DELIVERIES);
		this.options.onChange();

		const start = performance.now();
		try {
			const text = typeof body === 'string' ? body : JSON.stringify(body);
			const answer = await this.post(url, text, headers);
			delivery.status = answer.status;
			delivery.responseBody = answer.body;
			onAnswer?.(answer);
		} catch (error) {
			delivery.error = reason(error);
		}
		delivery.durationMs = Math.round(performance.now() - start);
		this.options.onChange();
		return delivery;
	}

	private async post(url: string, body: string, headers: Record<string, string>): Promise<Answer> {
		const { timeoutMs } = this.options;
		const { request: open } = url.startsWith('https:') ? https : http;
		return await new Promise<Answer>((resolve, reject) => {
			const request = open(url, {
				method: 'POST',
				// A connection of its own: a kept one may be gone when the receiver has restarted.
				agent: false,
				headers: {
					'Content-Type': 'application/json',
					'Content-Length': Buffer.byteLength(body),
					'User-Agent': 'SafePays-Sandbox',
					...headers,
				},
			});
			this.inFlight.add(request);
			const timer = setTimeout(() => {
				request.destroy(new Error(`No answer within ${timeoutMs / 1_000} s`));
			}, timeoutMs);
			const done = () => {
				clearTimeout(timer);
				this.inFlight.delete(request);
			};
			request.on('error', reject);
			request.on('close', done);
			request.on('response', (response) => {
				let text = '';
				response.setEncoding('utf8');
				response.on('data', (chunk: string) => {
					if (text.length < MAX_RESPONSE_CHARACTERS) text += chunk;
				});
				response.on('error', reject);
				response.on('end', () => {
					resolve({
						status: response.statusCode ?? 0,
						body: text.slice(0, MAX_RESPONSE_CHARACTERS),
						retryAfter: response.headers['retry-after'],
					});
				});
			});
			request.end(body);
		});
	}
}

/** Retry-After in seconds or as a date, else growing pauses; never longer than a few seconds. */
function retryPauseMs(attempt: number, retryAfter: string | undefined): number {
	let asked = FIRST_RETRY_PAUSE_MS * 2 ** (attempt - 1);
	if (retryAfter !== undefined) {
		const seconds = Number(retryAfter);
		const fromNow = Number.isNaN(seconds) ? Date.parse(retryAfter) - Date.now() : seconds * 1_000;
		if (!Number.isNaN(fromNow)) asked = Math.max(0, fromNow);
	}
	return Math.min(asked, MAX_RETRY_PAUSE_MS);
}

function reason(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	// A failure to connect to several addresses has an empty message and a code.
	return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
}
