import type { OutcomeKind, RetryRule } from '../../nodes/SafePays/transport/retryPolicy';
import { MAX_RETRIES, RETRY_POLICY } from '../../nodes/SafePays/transport/retryPolicy';
import { table } from './markdown';

const OUTCOMES: Record<OutcomeKind, string> = {
	success: 'The record asked for',
	rejected: '400, 401, 403, 404, 409 and other refusals',
	rateLimited: '429, rate limit',
	serverError: '500, 502, 503, 504',
	interrupted: 'Timed out, connection reset',
	unreadable: 'HTML page, broken or empty answer, another record, redirect, 408',
	unreachable: 'Connection refused, unknown host, no secure connection',
};

const RULES: Record<RetryRule, string> = {
	done: 'done',
	fail: 'fails',
	wait: 'waits, then sends again',
	retry: `sent again, ${MAX_RETRIES} times at most`,
	unconfirmed: '**not sent again**',
};

/** What may be sent again. */
export function retryTable(): string {
	const kinds = Object.keys(RETRY_POLICY) as OutcomeKind[];
	return table(
		['What came of the request', 'Get', 'Create'],
		kinds.map((kind) => {
			const { GET, POST } = RETRY_POLICY[kind];
			return [OUTCOMES[kind], RULES[GET], RULES[POST]];
		}),
	);
}
