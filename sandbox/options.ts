import type { Fault } from './faults';
import type { WebhookFormat } from './notificationFormats';
import type { RateLimit } from './rateLimit';

/** Milliseconds before each API answer: always the same, or drawn from a range. */
export type Latency = number | [min: number, max: number];

export interface SandboxOptions {
	/** Default 0: any free port. */
	port?: number;
	/** Default `127.0.0.1`. */
	host?: string;
	/** Base of the links in answers; default: the address that the sandbox listens at. */
	publicUrl?: string;
	/** Each key is an account of its own. Default `['sandbox-key']`. */
	apiKeys?: string[];
	/** The key of an account that SafePays has banned. Default `sandbox-banned-key`. */
	bannedKey?: string;
	/** Percent of the base amount that the customer is charged on top. Default 6. */
	feePercent?: number;
	/** Default: none. */
	rateLimit?: RateLimit | RateLimit[];
	/** Default 0. */
	latencyMs?: Latency;
	faults?: Fault[];
	/** Same seed, same faults and latencies. Default 1. */
	seed?: number;
	/** Default `current`. */
	webhookFormat?: WebhookFormat;
	/** How often a notification that was not answered with 2xx is sent again. Default 0. */
	notificationRetries?: number;
	/** Extra copies of each notification, sent at the same moment. Default 0. */
	duplicateNotifications?: number;
	/** Milliseconds between a status change and its notification. Default 0. */
	notificationDelayMs?: number;
	/** Milliseconds that a receiver has to answer in. Default 10,000. */
	notificationTimeoutMs?: number;
	/** JSON file that keeps customers, invoices and notifications across restarts. Default: none. */
	dataFile?: string;
	/** The clock for dates, due dates and rate limits. */
	now?: () => Date;
}

export type Settings = Required<Omit<SandboxOptions, 'publicUrl' | 'dataFile' | 'rateLimit'>> &
	Pick<SandboxOptions, 'publicUrl' | 'dataFile'> & { rateLimit: RateLimit[] };

/** SafePays' published limits for each API key ("Rate Limits" page). */
export const PUBLISHED_RATE_LIMITS: RateLimit[] = [
	{ requests: 1_000, windowSeconds: 60 },
	{ requests: 10_000, windowSeconds: 3_600 },
];

export function withDefaults(options: SandboxOptions): Settings {
	return {
		...options,
		port: options.port ?? 0,
		host: options.host ?? '127.0.0.1',
		apiKeys: options.apiKeys?.length ? options.apiKeys : ['sandbox-key'],
		bannedKey: options.bannedKey ?? 'sandbox-banned-key',
		feePercent: options.feePercent ?? 6,
		rateLimit: asList(options.rateLimit),
		latencyMs: options.latencyMs ?? 0,
		faults: options.faults ?? [],
		seed: options.seed ?? 1,
		webhookFormat: options.webhookFormat ?? 'current',
		notificationRetries: options.notificationRetries ?? 0,
		duplicateNotifications: options.duplicateNotifications ?? 0,
		notificationDelayMs: options.notificationDelayMs ?? 0,
		notificationTimeoutMs: options.notificationTimeoutMs ?? 10_000,
		now: options.now ?? (() => new Date()),
	};
}

export function asList<T>(value: T | T[] | undefined): T[] {
	if (value === undefined) return [];
	return Array.isArray(value) ? value : [value];
}
