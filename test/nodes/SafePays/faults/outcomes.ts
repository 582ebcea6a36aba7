import type { Fault } from '../../../../sandbox';

/** What SafePays' error pages say of a create that ended so. */
type Write =
	/** Known not to have happened: safe to send again. */
	| 'refused'
	/** It may have happened: must not be sent again. */
	| 'unknown'
	/** The rate limit: waited out. */
	| 'later';

export interface OutcomeCase {
	name: string;
	/** What the sandbox does; none for addresses where nothing answers. */
	fault?: Fault;
	/** Where requests go instead of to the sandbox. */
	baseUrl?: 'closed port' | 'unknown host';
	write: Write;
	/** Whether a read is asked again (timeouts, resets and 5xx). */
	readAgain: boolean;
	/** The status that the error has to tell. */
	httpCode?: string;
	/** What the error has to say. */
	says: RegExp;
}

const PROVIDER_ERROR = 'Payment provider error (status)';
const NOTHING_THERE = { write: 'refused', readAgain: false } as const;

const status = (code: number, words: string, more: Partial<OutcomeCase> = {}): OutcomeCase => ({
	name: String(code),
	fault: { kind: 'status', status: code, message: words },
	write: 'refused',
	readAgain: false,
	httpCode: String(code),
	says: new RegExp(`SafePays says: ${words.replace(/[().]/g, '\\$&')}`),
	...more,
});

const unknown = { write: 'unknown', readAgain: true } as const;
const unreadable = { write: 'unknown', readAgain: false } as const;

/** An outcome whose answer, if there is one, cannot be read. */
const garbled = (name: string, fault: Fault, says: RegExp, more: Partial<OutcomeCase> = {}) => ({
	...{ name, fault, says, ...unreadable },
	...more,
});

/** The table of outcomes of SafePays' API, each once; `slow` is slower than the timeout of the suite. */
export const OUTCOMES: OutcomeCase[] = [
	status(400, 'amount or items are required'),
	status(401, 'Invalid API Key'),
	status(403, 'This vendor account has been banned.'),
	status(404, 'Customer not found'),
	status(409, 'Customer with this email already exists'),
	status(429, 'Rate limit exceeded. Please retry after 1 seconds.', {
		write: 'later',
		says: /rate limit/i,
	}),
	status(500, 'Internal Server Error', unknown),
	status(502, PROVIDER_ERROR, unknown),
	status(502, PROVIDER_ERROR, {
		...unknown,
		name: '502 after the write',
		fault: { kind: 'status', status: 502, message: PROVIDER_ERROR, afterProcessing: true },
	}),
	status(503, 'Service Unavailable', unknown),
	status(504, 'Gateway Timeout', unknown),
	{
		...NOTHING_THERE,
		name: 'connection refused',
		baseUrl: 'closed port',
		says: /connection refused/,
	},
	{ ...NOTHING_THERE, name: 'DNS failure', baseUrl: 'unknown host', says: /unknown host name/ },
	garbled('reset before', { kind: 'resetBefore' }, /connection broke/, unknown),
	garbled('reset after', { kind: 'resetAfter' }, /connection broke/, unknown),
	garbled('slow', { kind: 'slow', ms: 6000 }, /did not answer in time/, unknown),
	garbled('HTML 200', { kind: 'html', status: 200 }, /an HTML page/, { httpCode: '200' }),
	garbled(
		'HTML 200 after the write',
		{ kind: 'html', status: 200, afterProcessing: true },
		/an HTML page titled "200 OK"/,
		{ httpCode: '200' },
	),
	garbled('HTML 502', { kind: 'html', status: 502 }, /an HTML page/, {
		...unknown,
		httpCode: '502',
	}),
	garbled('empty body', { kind: 'emptyBody', afterProcessing: true }, /an empty body/),
	garbled('broken JSON', { kind: 'brokenJson', afterProcessing: true }, /broken JSON/),
	garbled('wrong shape', { kind: 'wrongShape', afterProcessing: true }, /JSON of another shape/),
	garbled('redirect', { kind: 'redirect' }, /status 302/, { httpCode: '302' }),
];
