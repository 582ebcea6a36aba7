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
	status(502, 'Payment provider error (status)', unknown),
	status(502, 'Payment provider error (status)', {
		...unknown,
		name: '502 after the write',
		fault: {
			kind: 'status',
			status: 502,
			message: 'Payment provider error (status)',
			afterProcessing: true,
		},
	}),
	status(503, 'Service Unavailable', unknown),
	status(504, 'Gateway Timeout', unknown),
	{
		name: 'connection refused',
		baseUrl: 'closed port',
		write: 'refused',
		readAgain: false,
		says: /connection refused/,
	},
	{
		name: 'DNS failure',
		baseUrl: 'unknown host',
		write: 'refused',
		readAgain: false,
		says: /unknown host name/,
	},
	{ name: 'reset before', fault: { kind: 'resetBefore' }, ...unknown, says: /connection broke/ },
	{ name: 'reset after', fault: { kind: 'resetAfter' }, ...unknown, says: /connection broke/ },
	{ name: 'slow', fault: { kind: 'slow', ms: 6000 }, ...unknown, says: /did not answer in time/ },
	{
		name: 'HTML 200',
		fault: { kind: 'html', status: 200 },
		...unreadable,
		httpCode: '200',
		says: /an HTML page/,
	},
	{
		name: 'HTML 200 after the write',
		fault: { kind: 'html', status: 200, afterProcessing: true },
		...unreadable,
		httpCode: '200',
		says: /an HTML page titled "200 OK"/,
	},
	{
		name: 'HTML 502',
		fault: { kind: 'html', status: 502 },
		...unknown,
		httpCode: '502',
		says: /an HTML page/,
	},
	{
		name: 'empty body',
		fault: { kind: 'emptyBody', afterProcessing: true },
		...unreadable,
		says: /an empty body/,
	},
	{
		name: 'broken JSON',
		fault: { kind: 'brokenJson', afterProcessing: true },
		...unreadable,
		says: /broken JSON/,
	},
	{
		name: 'wrong shape',
		fault: { kind: 'wrongShape', afterProcessing: true },
		...unreadable,
		says: /JSON of another shape/,
	},
	{
		name: 'redirect',
		fault: { kind: 'redirect' },
		...unreadable,
		httpCode: '302',
		says: /status 302/,
	},
];
