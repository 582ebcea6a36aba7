import fastify from 'fastify';
import type { AddressInfo } from 'node:net';

import { api } from './api';
import { Books } from './books';
import type { InvoiceStatus } from './books';
import { control } from './control';
import { DataFile } from './dataFile';
import { Faults } from './faults';
import type { Fault } from './faults';
import { Notifier } from './notifications';
import type { Delivery, Forgery } from './notifications';
import { asList, withDefaults } from './options';
import type { Latency, SandboxOptions } from './options';
import { pages } from './pages/routes';
import type { Parts } from './parts';
import { Pauses } from './pauses';
import { Payments } from './payments';
import { seededRandom } from './random';
import { RateLimiter } from './rateLimit';
import type { RateLimit } from './rateLimit';
import { RequestLog } from './requestLog';
import type { RecordedRequest } from './requestLog';

export type { Books, Customer, Invoice, InvoiceStatus, LineItem } from './books';
export type { Fault, FaultKind } from './faults';
export type { WebhookFormat } from './notificationFormats';
export type { Delivery, Forgery } from './notifications';
export { PUBLISHED_RATE_LIMITS } from './options';
export type { Latency, SandboxOptions } from './options';
export type { RateLimit } from './rateLimit';
export type { RecordedRequest } from './requestLog';

export interface Sandbox {
	/** `http://127.0.0.1:<port>`, without a trailing slash. */
	readonly url: string;
	readonly port: number;
	/** The first account's key. */
	readonly apiKey: string;
	readonly books: Books;
	/** API requests, oldest first; the oldest are dropped when there are very many. */
	readonly requests: RecordedRequest[];
	/** The most API requests that were ever in flight at once. */
	readonly peakInFlight: number;
	/** Notifications, oldest first; the oldest are dropped when there are very many. */
	readonly deliveries: Delivery[];
	addFault(fault: Fault): void;
	clearFaults(): void;
	/** No argument: no limit. */
	setRateLimit(limit?: RateLimit | RateLimit[]): void;
	setLatency(ms: Latency): void;
	/** Changes the status; resolves when the notifications were delivered. */
	pay(invoiceId: string): Promise<Delivery[]>;
	/** Pays in one moment; default: all that are not paid yet. */
	payAll(invoiceIds?: string[]): Promise<Delivery[]>;
	decline(invoiceId: string): Promise<Delivery[]>;
	/** Also moves the due date into the past. */
	expire(invoiceId: string): Promise<Delivery[]>;
	/** Changes the status without a notification. */
	setStatus(invoiceId: string, status: InvoiceStatus): void;
	/** Sends one notification, possibly a forged one. */
	notify(invoiceId: string, forgery?: Forgery): Promise<Delivery>;
	/** Forgets all records, requests, notifications and faults; limits and latency as at the start. */
	reset(): void;
	/** Ends every connection, also those that wait for an answer. */
	close(): Promise<void>;
}

/** Real milliseconds between two looks for invoices that went past due. */
const DUE_DATE_CHECK_MS = 10_000;

/** Starts a SafePays of your own on this machine. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
	const settings = withDefaults(options);
	const { now } = settings;
	let url = '';
	const publicUrl = settings.publicUrl?.replace(/\/+$/, '');
	const baseUrl = () => publicUrl ?? url;

	const pauses = new Pauses();
	const faults = new Faults(settings.seed);
	const log = new RequestLog();
	const rateLimiter = new RateLimiter(settings.rateLimit, now);
	const books: Books = new Books({
		feePercent: settings.feePercent,
		now,
		onChange: () => dataFile?.saveSoon(),
	});
	const dataFile = settings.dataFile
		? new DataFile(settings.dataFile, () => ({
				...books.snapshot(),
				deliveries: notifier.snapshot(),
			}))
		: undefined;
	const notifier: Notifier = new Notifier({
		format: settings.webhookFormat,
		retries: settings.notificationRetries,
		duplicates: settings.duplicateNotifications,
		delayMs: settings.notificationDelayMs,
		timeoutMs: settings.notificationTimeoutMs,
		faults,
		pauses,
		now,
		baseUrl,
		onChange: () => dataFile?.saveSoon(),
	});
	const payments = new Payments(books, notifier);

	let latency = settings.latencyMs;
	let random = seededRandom(settings.seed);
	const latencyMs = () => {
		if (typeof latency === 'number') return latency;
		const [least, most] = latency;
		return least + random() * (most - least);
	};

	if (dataFile) {
		const { deliveries, ...records } = dataFile.load();
		books.load(records);
		notifier.load(deliveries);
		// Once now, so that a place that cannot be written to is found before the first request.
		dataFile.saveSoon();
	}
	settings.faults.forEach((fault) => faults.add(fault));

	const reset = () => {
		pauses.endAll();
		notifier.reset();
		books.clear();
		log.reset();
		faults.clear();
		rateLimiter.setLimits(settings.rateLimit);
		latency = settings.latencyMs;
		random = seededRandom(settings.seed);
	};

	const app = fastify({ forceCloseConnections: true, exposeHeadRoutes: false });
	app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Not found' }));
	const records = { books, payments, notifier };
	const parts: Parts = { ...settings, ...records, faults, rateLimiter, pauses, log, baseUrl };
	await app.register(api(parts, latencyMs), { prefix: '/api/v2' });
	await app.register(control(parts, reset), { prefix: '/sandbox' });
	await app.register(pages(parts));
	await app.listen({ port: settings.port, host: settings.host });
	const { port } = app.server.address() as AddressInfo;
	url = `http://${hostInUrl(settings.host)}:${port}`;
	const dueDates = setInterval(() => payments.checkDueDates(), DUE_DATE_CHECK_MS).unref();

	return {
		url,
		port,
		apiKey: settings.apiKeys[0],
		books,
		requests: log.requests,
		get peakInFlight() {
			return log.peakInFlight;
		},
		deliveries: notifier.deliveries,
		addFault: (fault) => faults.add(fault),
		clearFaults: () => faults.clear(),
		setRateLimit: (limit) => rateLimiter.setLimits(asList(limit)),
		setLatency: (ms) => {
			latency = ms;
		},
		pay: async (invoiceId) => await payments.pay(invoiceId),
		payAll: async (invoiceIds) => await payments.payAll(invoiceIds).delivered,
		decline: async (invoiceId) => await payments.decline(invoiceId),
		expire: async (invoiceId) => await payments.expire(invoiceId),
		setStatus: (invoiceId, status) => books.setStatus(payments.find(invoiceId), status),
		notify: async (invoiceId, forgery) => await notifier.notify(payments.find(invoiceId), forgery),
		reset,
		close: async () => {
			clearInterval(dueDates);
			await app.close();
			notifier.cancel();
			pauses.endAll();
			dataFile?.close();
		},
	};
}

/** The host to write into links: one that can be called, where the sandbox listens everywhere. */
function hostInUrl(host: string): string {
	if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
	return host.includes(':') ? `[${host}]` : host;
}
