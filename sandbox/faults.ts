import { STATUS_CODES } from 'node:http';

import type { InvoiceStatus } from './books';
import { WEBHOOK_FORMATS } from './notificationFormats';
import type { WebhookFormat } from './notificationFormats';
import { seededRandom } from './random';

export const FAULT_KINDS = [
	'status',
	'resetBefore',
	'resetAfter',
	'slow',
	'hang',
	'html',
	'emptyBody',
	'brokenJson',
	'wrongShape',
	'redirect',
	'echoKey',
	'otherError',
	'staleStatus',
	'otherStatus',
	'otherContentType',
	'paidInvoicesObject',
	'duplicateNotification',
	'lateNotification',
	'lostNotification',
	'otherNotification',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** Bodies of an error that are not SafePays' `{"error": "…"}`. */
export const ERROR_SHAPES = ['nested', 'message', 'list', 'fields', 'text'] as const;

export type ErrorShape = (typeof ERROR_SHAPES)[number];

/** A rule that makes matching API requests, or matching notifications, go wrong. */
export interface Fault {
	kind: FaultKind;
	/** Which requests; for the notification kinds, which webhook URLs. Default: all. */
	on?: {
		method?: string;
		/** The path's beginning, or a regular expression: a RegExp, or a string that starts with `^`. */
		path?: string | RegExp;
	};
	/** Status of the answer; each kind has a default. */
	status?: number;
	/** Whether a request that is answered by an error, or not at all, takes effect all the same. Default false. */
	afterProcessing?: boolean;
	/** Milliseconds to wait before the fault shows, or before a late notification is sent. */
	ms?: number;
	/** Message of the error (`status`, `echoKey`, `otherError`), or the status in its place (`otherStatus`). */
	message?: string;
	/** Seconds in a Retry-After header. A 429 then does not say them in its sentence. */
	retryAfter?: number;
	/** Body of an `otherError`. Default `nested`. */
	shape?: ErrorShape;
	/** For `otherContentType` and `otherNotification`. Default `application/vnd.safepays+json`. */
	contentType?: string;
	/** Body of an `otherNotification`. Default: the sandbox's own format. */
	format?: WebhookFormat;
	/** For how many milliseconds after a change a `staleStatus` lasts. Default: as long as the fault. */
	lagMs?: number;
	/** Where a `redirect` leads. Default: the sandbox's home page. */
	location?: string;
	/** Further headers of the answer. */
	headers?: Record<string, string>;
	/** The fault is over after so many matches. Default: never. */
	times?: number;
	/** The fault is over so many milliseconds after it was added. Default: never. */
	forMs?: number;
	/** Share of matching requests that it hits, 0 to 1. Default 1. */
	probability?: number;
}

const NOTIFICATION_KINDS: readonly FaultKind[] = [
	'duplicateNotification',
	'lateNotification',
	'lostNotification',
	'otherNotification',
];

/** Kinds whose request takes effect whatever `afterProcessing` says. */
const ALWAYS_PROCESSED: readonly FaultKind[] = [
	'resetAfter',
	'slow',
	'staleStatus',
	'otherStatus',
	'otherContentType',
	'paidInvoicesObject',
];

const VENDOR_TYPE = 'application/vnd.safepays+json';

const MESSAGES: Record<number, string> = {
	401: 'Invalid API Key',
	403: 'This vendor account has been banned.',
	429: 'Rate limit exceeded. Please retry after 60 seconds.',
	502: 'Payment provider error (502)',
};

interface Rule {
	fault: Fault;
	/** Milliseconds since 1970, real time whatever the sandbox's clock says. */
	endsAt: number;
}

/** The active faults; the first rule that matches a request is the one that hits it. */
export class Faults {
	private rules: Rule[] = [];
	private random: () => number;

	constructor(private readonly seed: number) {
		this.random = seededRandom(seed);
	}

	get active(): readonly Fault[] {
		const now = Date.now();
		this.rules = this.rules.filter(({ endsAt }) => endsAt > now);
		return this.rules.map(({ fault }) => fault);
	}

	add(fault: Fault): void {
		this.rules.push({ fault: { ...fault }, endsAt: Date.now() + (fault.forMs ?? Infinity) });
	}

	/** Forgets every rule and starts the random numbers anew. */
	clear(): void {
		this.rules = [];
		this.random = seededRandom(this.seed);
	}

	/** The fault for an API request, counted as used. */
	forRequest(method: string, path: string): Fault | undefined {
		return this.pick(false, method, path);
	}

	/** The fault for a notification, counted as used. */
	forNotification(url: string): Fault | undefined {
		return this.pick(true, 'POST', new URL(url).pathname);
	}

	private pick(notification: boolean, method: string, path: string): Fault | undefined {
		const fault = this.active.find(
			(candidate) =>
				NOTIFICATION_KINDS.includes(candidate.kind) === notification &&
				matches(candidate, method, path) &&
				(candidate.probability === undefined || this.random() < candidate.probability),
		);
		if (fault?.times !== undefined) {
			fault.times -= 1;
			if (fault.times <= 0) {
				this.rules = this.rules.filter((rule) => rule.fault !== fault);
			}
		}
		return fault;
	}
}

/** Whether a request that the fault hits still takes effect. */
export function takesEffect(fault: Fault): boolean {
	if (fault.kind === 'resetBefore') return false;
	return ALWAYS_PROCESSED.includes(fault.kind) || fault.afterProcessing === true;
}

/** The content type of a notification that the fault hits; undefined for the usual one. */
export function notificationType({ kind, contentType, format }: Fault): string | undefined {
	if (kind !== 'otherNotification') return undefined;
	return contentType ?? (format ? undefined : VENDOR_TYPE);
}

export interface SpoiltAnswer {
	status: number;
	headers: Record<string, string>;
	body: string;
}

export interface SpoiltRequest {
	method: string;
	apiKey: string;
	baseUrl: string;
	/** The status that the invoice asked for had before its last change, if that is recent enough. */
	formerStatus: InvoiceStatus | undefined;
}

/**
 * What a request is answered instead of the truth.
 * `truth` is the real answer where the request took effect.
 */
export function spoil(
	fault: Fault,
	request: SpoiltRequest,
	truth: { status: number; body: unknown } | undefined,
): SpoiltAnswer {
	const success = truth?.status ?? (request.method === 'POST' ? 201 : 200);
	const answer = (status: number, type: string, body: string): SpoiltAnswer => ({
		status: fault.status ?? status,
		headers: {
			'Content-Type': type,
			...(fault.retryAfter !== undefined && { 'Retry-After': String(fault.retryAfter) }),
			...fault.headers,
		},
		body,
	});
	const json = (status: number, body: unknown) =>
		answer(
			status,
			'application/json; charset=utf-8',
			typeof body === 'string' ? body : JSON.stringify(body),
		);
	const text = (status: number) => {
		if (fault.message !== undefined) return fault.message;
		if (status === 429 && fault.retryAfter !== undefined) return 'Rate limit exceeded.';
		return MESSAGES[status] ?? STATUS_CODES[status] ?? 'Error';
	};

	switch (fault.kind) {
		case 'html': {
			const status = fault.status ?? 502;
			return answer(status, 'text/html; charset=utf-8', proxyPage(status));
		}
		case 'emptyBody':
			return json(success, '');
		case 'brokenJson': {
			const whole = JSON.stringify(truth?.body ?? { status: 'success', invoice: {} });
			return json(success, whole.slice(0, Math.ceil(whole.length / 2)));
		}
		case 'wrongShape':
			return json(success, { ok: true, data: [] });
		case 'redirect': {
			const redirect = json(302, '');
			redirect.headers.Location = fault.location ?? `${request.baseUrl}/`;
			return redirect;
		}
		case 'echoKey':
			return json(400, { error: `${fault.message ?? 'Bad request:'} api_key=${request.apiKey}` });
		case 'otherError': {
			const message = text(fault.status ?? 400);
			if (fault.shape === 'text') return answer(400, 'text/plain; charset=utf-8', message);
			return json(400, errorBody(fault.shape ?? 'nested', message));
		}
		case 'staleStatus': {
			const { formerStatus } = request;
			if (!formerStatus) return json(success, truth?.body);
			const former = { status: formerStatus, provider: null, paid_on: null };
			return json(
				success,
				withInvoice(truth?.body, () => former),
			);
		}
		case 'otherStatus':
			return json(
				success,
				withInvoice(truth?.body, ({ status }) => ({
					status: fault.message ?? `${String(status).toUpperCase()} `,
				})),
			);
		case 'otherContentType':
			return answer(success, fault.contentType ?? VENDOR_TYPE, JSON.stringify(truth?.body));
		case 'paidInvoicesObject': {
			const body = truth?.body as Record<string, unknown>;
			const paid = body.paid_invoices;
			return json(success, Array.isArray(paid) ? { ...body, paid_invoices: { ...paid } } : body);
		}
		default: {
			const status = fault.status ?? 500;
			return json(status, { error: text(status) });
		}
	}
}

/** The body with other fields in its invoice, where it has one. */
function withInvoice(
	body: unknown,
	change: (invoice: Record<string, unknown>) => Record<string, unknown>,
): unknown {
	const { invoice } = body as { invoice?: Record<string, unknown> };
	return invoice ? { ...(body as object), invoice: { ...invoice, ...change(invoice) } } : body;
}

function errorBody(shape: Exclude<ErrorShape, 'text'>, message: string): unknown {
	switch (shape) {
		case 'nested':
			return { error: { code: 'invalid_request', message } };
		case 'message':
			return { status: 'error', message };
		case 'list':
			return { errors: [{ message }] };
		case 'fields':
			return { errors: { email: [message] } };
	}
}

/**
 * A fault from JSON, a form or a command line, where every value may be text.
 * `method` and `path` may stand beside the other fields instead of under `on`.
 * @throws Error that names the field at fault
 */
export function parseFault(input: unknown): Fault {
	if (typeof input !== 'object' || input === null) throw new Error('A fault must be an object');
	const fields = new Map(
		Object.entries(input).filter(([, value]) => value !== '' && value !== undefined),
	);
	const unknownField = [...fields.keys()].find((name) => !FAULT_FIELDS.includes(name));
	if (unknownField) throw new Error(`Unknown fault field "${unknownField}"`);

	const kind = fields.get('kind') ?? (fields.has('status') ? 'status' : undefined);
	if (!isFaultKind(kind)) throw new Error(`Fault kind must be one of ${FAULT_KINDS.join(', ')}`);

	const on = (fields.get('on') ?? {}) as Record<string, unknown>;
	const method = fields.get('method') ?? on.method;
	const path = fields.get('path') ?? on.path;
	const headers = fields.get('headers');
	const fault: Fault = { kind };
	if (method !== undefined || path !== undefined) {
		fault.on = {};
		if (method !== undefined) fault.on.method = String(method);
		if (path !== undefined) fault.on.path = toPath(String(path));
	}
	for (const name of NUMBERS) {
		const value = fields.get(name);
		if (value !== undefined) fault[name] = inRange(name, Number(value));
	}
	for (const name of ['message', 'location', 'contentType'] as const) {
		const value = fields.get(name);
		if (value !== undefined) fault[name] = String(value);
	}
	fault.shape = oneOf('shape', ERROR_SHAPES, fields.get('shape'));
	fault.format = oneOf('format', WEBHOOK_FORMATS, fields.get('format'));
	const after = fields.get('afterProcessing');
	if (after !== undefined) fault.afterProcessing = ['true', 'on', '1'].includes(String(after));
	if (headers !== undefined) fault.headers = headers as Record<string, string>;
	return fault;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

const RANGES = {
	status: [200, 599],
	ms: [0, DAY_MS],
	times: [1, Infinity],
	probability: [0, 1],
	forMs: [1, DAY_MS],
	lagMs: [1, DAY_MS],
	retryAfter: [0, 86_400],
} as const;

const NUMBERS = Object.keys(RANGES) as Array<keyof typeof RANGES>;

const FAULT_FIELDS = [
	...['kind', 'on', 'method', 'path', 'afterProcessing', 'message', 'location', 'headers'],
	...['contentType', 'shape', 'format', ...NUMBERS],
];

function inRange(name: keyof typeof RANGES, value: number): number {
	const [least, most] = RANGES[name];
	if (!(value >= least && value <= most)) {
		throw new Error(`Fault field "${name}" must be a number from ${least} to ${most}`);
	}
	return value;
}

function oneOf<T extends string>(
	name: string,
	choices: readonly T[],
	value: unknown,
): T | undefined {
	if (value === undefined) return undefined;
	const choice = choices.find((each) => each === value);
	if (!choice) throw new Error(`Fault field "${name}" must be one of ${choices.join(', ')}`);
	return choice;
}

function isFaultKind(value: unknown): value is FaultKind {
	return FAULT_KINDS.some((kind) => kind === value);
}

function toPath(path: string): string | RegExp {
	if (!path.startsWith('^')) return path;
	try {
		return new RegExp(path);
	} catch {
		throw new Error(`Fault field "path" is not a regular expression: ${path}`);
	}
}

function matches({ on }: Fault, method: string, path: string): boolean {
	if (on?.method && on.method.toUpperCase() !== method) return false;
	if (on?.path === undefined) return true;
	if (typeof on.path !== 'string') {
		on.path.lastIndex = 0;
		return on.path.test(path);
	}
	return on.path.startsWith('^') ? new RegExp(on.path).test(path) : path.startsWith(on.path);
}

function proxyPage(status: number): string {
	const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
	return (
		`<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
		`<center><h1>${title}</h1></center>\r\n<hr><center>proxy</center>\r\n</body>\r\n</html>\r\n`
	);
}
