import { readObject } from '../unknownValues';
import type { SafePaysRequest } from './request';
import type { Outcome } from './sendOnce';
import type { RecordName } from './records';

export type OutcomeKind =
	/** 2xx with the record asked for. */
	| 'success'
	/** 4xx: SafePays, or what stands before it, refused the request unprocessed. */
	| 'rejected'
	/** 429. */
	| 'rateLimited'
	/** 5xx: the server or the payment provider failed, perhaps after the write. */
	| 'serverError'
	/** Reset or timed out after the request may have been read. */
	| 'interrupted'
	/** An answer that is not SafePays' JSON or about another record, a redirect, or 408: the write may have happened. */
	| 'unreadable'
	/** Refused connection, unknown host, failed TLS handshake: SafePays never saw the request. */
	| 'unreachable';

export type RetryRule =
	| 'done'
	/** Certain not to have happened; no use in sending it again. */
	| 'fail'
	/** Wait for the rate limit, then send again. */
	| 'wait'
	/** Send again after a pause, at most `MAX_RETRIES` times. */
	| 'retry'
	/** A write that may have happened: never sent again. */
	| 'unconfirmed';

export const MAX_RETRIES = 3;

/**
 * What may be sent again: the table of `docs/limits-and-retries.md`. A write is sent again only
 * where SafePays' error pages make it certain that nothing was written.
 */
export const RETRY_POLICY: Record<OutcomeKind, Record<SafePaysRequest['method'], RetryRule>> = {
	success: { GET: 'done', POST: 'done' },
	rejected: { GET: 'fail', POST: 'fail' },
	rateLimited: { GET: 'wait', POST: 'wait' },
	serverError: { GET: 'retry', POST: 'unconfirmed' },
	interrupted: { GET: 'retry', POST: 'unconfirmed' },
	unreadable: { GET: 'fail', POST: 'unconfirmed' },
	unreachable: { GET: 'fail', POST: 'fail' },
};

/** What a request asks for. */
type Asked = Pick<SafePaysRequest, 'record' | 'id'>;

/** What came of a request, as `RETRY_POLICY` names it. */
export function classify(outcome: Outcome, asked: Asked): OutcomeKind {
	if ('failure' in outcome) return outcome.failure;
	const { status, body } = outcome.answer;
	if (status === 429) return 'rateLimited';
	if (status >= 500) return 'serverError';
	if (status >= 400 && status !== 408) return 'rejected';
	return status >= 200 && status < 300 && holdsRecord(body, asked) ? 'success' : 'unreadable';
}

/** Whether an answer, perhaps from a cache, is about another record than the one asked for. */
export function isAboutAnother(body: unknown, { record, id }: Asked): boolean {
	const given = readRecordId(body, record);
	return id !== undefined && given !== undefined && given.toLowerCase() !== id.toLowerCase();
}

function holdsRecord(body: unknown, asked: Asked): boolean {
	return readRecordId(body, asked.record) !== undefined && !isAboutAnother(body, asked);
}

/** Every record that SafePays hands out has an id. */
function readRecordId(body: unknown, record: RecordName): string | undefined {
	const { id } = readObject(readObject(body)[record]);
	return typeof id === 'string' && id !== '' ? id : undefined;
}

/** Milliseconds before retry number `retry` (from 1): about 0.5, 1 and 2 seconds, jittered. */
export function getRetryPauseMs(retry: number, random = Math.random()): number {
	return 500 * 2 ** (retry - 1) * (0.75 + random / 2);
}
