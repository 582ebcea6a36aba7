import { STATUS_CODES } from 'node:http';

import { seededRandom } from './random';

export const FAULT_KINDS = [
	'status',
	'resetBefore',
	'resetAfter',
	'slow',
	'html',
	'emptyBody',
	'brokenJson',
	'wrongShape',
	'redirect',
	'echoKey',
	'duplicateNotification',
	'lateNotification',
	'lostNotification',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

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
	/** Whether the request takes effect all the same. Default false; not for resets and `slow`. */
	afterProcessing?: boolean;
	/** Milliseconds to wait before the fault shows, or before a late notification is sent. */
	ms?: number;
	/** Message of the `error` field (`status`, `echoKey`). */
	message?: string;
	/** Where a `redirect` leads. Default: the sandbox's home page. */
	location?: string;
	/** Further headers of the answer. */
	headers?: Record<string, string>;
	/** The fault is over after so many matches. Default: never. */
	times?: number;
	/** Share of matching requests that it hits, 0 to 1. Default 1. */
	probability?: number;
}

const NOTIFICATION_KINDS: readonly FaultKind[] = [
	'duplicateNotification',
	'lateNotification',
	'lostNotification',
];

const MESSAGES: Record<number, string> = {
	401: 'Invalid API Key',
	403: 'This vendor account has been banned.',
	429: 'Rate limit exceeded. Please retry after 60 seconds.',
	502: 'Payment provider error (502)',
};

/** The active faults; the first rule that matches a request is the one that hits it. */
export class Faults {
	private rules: Fault[] = [];
	private random: () => number;

	constructor(private readonly seed: number) {
		this.random = seededRandom(seed);
	}

	get active(): readonly Fault[] {
		return this.rules;
	}

	add(fault: Fault): void {
		this.rules.push({ ...fault });
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
		const fault = this.rules.find(
			(rule) =>
				NOTIFICATION_KINDS.includes(rule.kind) === notification &&
				matches(rule, method, path) &&
				(rule.probability === undefined || this.random() < rule.probability),
		);
		if (fault?.times !== undefined) {
			fault.times -= 1;
			if (fault.times <= 0) this.rules = this.rules.filter((rule) => rule !== fault);
		}
		return fault;
	}
}

/** Whether a request that the fault hits still takes effect. */
export function takesEffect(fault: Fault): boolean {
	if (fault.kind === 'resetBefore') return false;
	return fault.kind === 'resetAfter' || fault.kind === 'slow' || fault.afterProcessing === true;
}

export interface SpoiltAnswer {
	status: number;
	headers: Record<string, string>;
	body: string;
}

/**
 * What a request is answered instead of the truth.
 * `truth` is the real answer where the request took effect.
 */
export function spoil(
	fault: Fault,
	request: { method: string; apiKey: string; baseUrl: string },
	truth: { status: number; body: unknown } | undefined,
): SpoiltAnswer {
	const success = truth?.status ?? (request.method === 'POST' ? 201 : 200);
	const json = (status: number, body: unknown): SpoiltAnswer => ({
		status: fault.status ?? status,
		headers: { 'Content-Type': 'application/json; charset=utf-8', ...fault.headers },
		body: typeof body === 'string' ? body : JSON.stringify(body),
	});

	switch (fault.kind) {
		case 'html': {
			const status = fault.status ?? 502;
			return {
				status,
				headers: { 'Content-Type': 'text/html; charset=utf-8', ...fault.headers },
				body: proxyPage(status),
			};
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
			const answer = json(302, '');
			answer.headers.Location = fault.location ?? `${request.baseUrl}/`;
			return answer;
		}
		case 'echoKey':
			return json(400, { error: `${fault.message ?? 'Bad request:'} api_key=${request.apiKey}` });
		default: {
			const status = fault.status ?? 500;
			const message = fault.message ?? MESSAGES[status] ?? STATUS_CODES[status] ?? 'Error';
			return json(status, { error: message });
		}
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
	for (const name of ['status', 'ms', 'times', 'probability'] as const) {
		const value = fields.get(name);
		if (value !== undefined) fault[name] = inRange(name, Number(value));
	}
	for (const name of ['message', 'location'] as const) {
		const value = fields.get(name);
		if (value !== undefined) fault[name] = String(value);
	}
	const after = fields.get('afterProcessing');
	if (after !== undefined) fault.afterProcessing = ['true', 'on', '1'].includes(String(after));
	if (headers !== undefined) fault.headers = headers as Record<string, string>;
	return fault;
}

const FAULT_FIELDS = [
	...['kind', 'on', 'method', 'path', 'status', 'afterProcessing', 'ms'],
	...['message', 'location', 'headers', 'times', 'probability'],
];

const RANGES = {
	status: [200, 599],
	ms: [0, 24 * 60 * 60 * 1_000],
	times: [1, Infinity],
	probability: [0, 1],
} as const;

function inRange(name: keyof typeof RANGES, value: number): number {
	const [least, most] = RANGES[name];
	if (!(value >= least && value <= most)) {
		throw new Error(`Fault field "${name}" must be a number from ${least} to ${most}`);
	}
	return value;
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
