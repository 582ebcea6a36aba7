#!/usr/bin/env node
import { parseArgs } from 'node:util';

import { parseFault } from './faults';
import { PUBLISHED_RATE_LIMITS, startSandbox } from './index';
import type { Fault, Latency, RateLimit, SandboxOptions, WebhookFormat } from './index';
import { WEBHOOK_FORMATS } from './notificationFormats';

const DEFAULT_PORT = 4010;

const HELP = `A local SafePays to build and test n8n workflows against. No real money moves.

Usage: npx safepays-sandbox [options]

  --port <n>                     port to listen on (default ${DEFAULT_PORT}; 0: any free one)
  --host <address>               address to listen on (default 127.0.0.1)
  --public-url <url>             base of the links in answers, where others call it by another name
  --api-key <key>                an account's API key; repeat for several (default sandbox-key)
  --data <file>                  keep customers, invoices and notifications in this file

  --fee-percent <n>              customer fee on top of the base amount (default 6)
  --rate-limit <n>/<seconds>     requests for each window and key; repeat for several
                                 (default 1000/60 and 10000/3600, as SafePays publishes)
  --no-rate-limit                no rate limit
  --rate-limit-headers           send Retry-After and X-RateLimit-* headers
  --latency <ms>|<min>-<max>     wait before each API answer

  --webhook-format <format>      current (default), legacy, event or transaction
  --notification-retries <n>     send a notification that was not answered with 2xx again
  --duplicate-notifications <n>  extra copies of each notification
  --notification-delay <ms>      wait between a status change and its notification

  --fault <rule>                 such as 'status=502,path=/api/v2/invoice,times=3'; repeat for several
  --seed <n>                     same seed, same faults and latencies (default 1)
  --help                         this text

Faults, webhooks and the control API:
https://github.com/n8n-nodes-safepays/n8n-nodes-safepays/blob/main/docs/sandbox.md`;

const FLAGS = {
	port: { type: 'string' },
	host: { type: 'string' },
	'public-url': { type: 'string' },
	'api-key': { type: 'string', multiple: true },
	data: { type: 'string' },
	'fee-percent': { type: 'string' },
	'rate-limit': { type: 'string', multiple: true },
	'no-rate-limit': { type: 'boolean' },
	'rate-limit-headers': { type: 'boolean' },
	latency: { type: 'string' },
	'webhook-format': { type: 'string' },
	'notification-retries': { type: 'string' },
	'duplicate-notifications': { type: 'string' },
	'notification-delay': { type: 'string' },
	fault: { type: 'string', multiple: true },
	seed: { type: 'string' },
	help: { type: 'boolean' },
} as const;

/** @returns null when help was asked for */
function parseFlags(args: string[]): SandboxOptions | null {
	const { values: flags } = parseArgs({ args, options: FLAGS });
	if (flags.help) return null;

	const headers = flags['rate-limit-headers'] ?? false;
	const limits = flags['rate-limit']?.map(parseRateLimit) ?? PUBLISHED_RATE_LIMITS;
	return {
		port: wholeNumber('--port', flags.port, 65_535) ?? DEFAULT_PORT,
		host: flags.host,
		publicUrl: flags['public-url'] === undefined ? undefined : publicUrl(flags['public-url']),
		apiKeys: flags['api-key'],
		dataFile: flags.data,
		feePercent: number('--fee-percent', flags['fee-percent']),
		rateLimit: flags['no-rate-limit'] ? [] : limits.map((limit) => ({ ...limit, headers })),
		latencyMs: flags.latency === undefined ? undefined : parseLatency(flags.latency),
		webhookFormat: parseFormat(flags['webhook-format']),
		notificationRetries: wholeNumber('--notification-retries', flags['notification-retries']),
		duplicateNotifications: wholeNumber(
			'--duplicate-notifications',
			flags['duplicate-notifications'],
		),
		notificationDelayMs: wholeNumber('--notification-delay', flags['notification-delay']),
		faults: flags.fault?.map(faultFlag),
		seed: wholeNumber('--seed', flags.seed),
	};
}

function number(flag: string, value: string | undefined): number | undefined {
	if (value === undefined) return undefined;
	const parsed = Number(value);
	if (value.trim() === '' || !(parsed >= 0 && parsed < Infinity)) {
		throw new Error(`${flag} must be a number of 0 or more, not "${value}"`);
	}
	return parsed;
}

function wholeNumber(
	flag: string,
	value: string | undefined,
	most = Number.MAX_SAFE_INTEGER,
): number | undefined {
	if (value === undefined) return undefined;
	if (!/^\d+$/.test(value) || Number(value) > most) {
		throw new Error(`${flag} must be a whole number from 0 to ${most}, not "${value}"`);
	}
	return Number(value);
}

function publicUrl(value: string): string {
	if (!/^https?:\/\/[^/]/.test(value) || !URL.canParse(value)) {
		throw new Error(`--public-url must be an http(s) URL, not "${value}"`);
	}
	return value;
}

function parseRateLimit(value: string): RateLimit {
	const [, requests, seconds] = /^(\d+)\/(\d+)$/.exec(value) ?? [];
	if (!(Number(requests) > 0 && Number(seconds) > 0)) {
		throw new Error(`--rate-limit must be <requests>/<seconds>, such as 300/5, not "${value}"`);
	}
	return { requests: Number(requests), windowSeconds: Number(seconds) };
}

function parseLatency(value: string): Latency {
	const [, least, most] = /^(\d+)(?:-(\d+))?$/.exec(value) ?? [];
	if (least === undefined || Number(most ?? least) < Number(least)) {
		throw new Error(`--latency must be <ms> or <min>-<max>, such as 50-200, not "${value}"`);
	}
	return most === undefined ? Number(least) : [Number(least), Number(most)];
}

function parseFormat(value: string | undefined): WebhookFormat | undefined {
	if (value === undefined) return undefined;
	const format = WEBHOOK_FORMATS.find((each) => each === value);
	if (!format) {
		throw new Error(`--webhook-format must be ${WEBHOOK_FORMATS.join(', ')}, not "${value}"`);
	}
	return format;
}

function faultFlag(rule: string): Fault {
	const fields = rule.split(',').map((field) => {
		const equals = field.indexOf('=');
		if (equals < 1) throw new Error(`--fault takes name=value pairs, not "${field}"`);
		return [field.slice(0, equals).trim(), field.slice(equals + 1).trim()];
	});
	return parseFault(Object.fromEntries(fields));
}

function explain(error: unknown): string {
	const { code, message } = error as NodeJS.ErrnoException;
	if (code === 'EADDRINUSE') {
		return 'The port is already in use; choose another with --port, or --port 0 for any free one';
	}
	// Node's advice on wrong flags takes several lines, and its first says it all.
	return message.split('\n')[0];
}

async function main(): Promise<void> {
	const options = parseFlags(process.argv.slice(2));
	if (!options) {
		console.log(HELP);
		return;
	}
	const sandbox = await startSandbox(options);
	const stop = () => {
		sandbox.close().then(
			() => process.exit(0),
			(error: unknown) => {
				console.error(`Sandbox not stopped cleanly: ${explain(error)}`);
				process.exit(1);
			},
		);
	};
	process.on('SIGINT', stop);
	process.on('SIGTERM', stop);

	console.log(`SafePays sandbox listening at ${sandbox.url}

In n8n, create a "SafePays API" credential with
  API key   ${sandbox.apiKey}
  Base URL  ${options.publicUrl ?? sandbox.url}

Open ${sandbox.url} in a browser to see invoices, pay them and watch notifications.
No real money moves. Press Ctrl-C to stop.`);
}

main().catch((error: unknown) => {
	console.error(`Sandbox not started: ${explain(error)}`);
	process.exit(1);
});
