import fc from 'fast-check';

import {
	classify,
	getRetryPauseMs,
	RETRY_POLICY,
} from '../../../../nodes/SafePays/transport/retryPolicy';
import type { RetryRule } from '../../../../nodes/SafePays/transport/retryPolicy';
import type { Outcome } from '../../../../nodes/SafePays/transport/sendOnce';
import { holds } from '../../../support/holds';

const answer = (status: number, body: unknown = { error: 'Some words' }): Outcome => ({
	answer: { status, headers: {}, body },
});
const invoice = { status: 'success', invoice: { id: '49ae344a-3f30-4675-b7bb-a95a92e03545' } };

type Row = [outcome: string, Outcome, get: RetryRule, post: RetryRule];

const ofStatuses = (statuses: number[], get: RetryRule, post: RetryRule) =>
	statuses.map((status): Row => [`${status}`, answer(status), get, post]);

/** The table of outcomes on SafePays' error pages, as it has to hold for a read and for a create. */
const TABLE: Row[] = [
	['200 with the record', answer(200, invoice), 'done', 'done'],
	['201 with the record', answer(201, invoice), 'done', 'done'],
	...ofStatuses([400, 401, 403, 404, 409, 413, 422], 'fail', 'fail'),
	['429', answer(429), 'wait', 'wait'],
	['429 as an HTML page', answer(429, '<html>'), 'wait', 'wait'],
	...ofStatuses([500, 502, 503, 504, 520], 'retry', 'unconfirmed'),
	['502 as an HTML page', answer(502, '<html>'), 'retry', 'unconfirmed'],
	['no connection', { failure: 'unreachable', code: 'ECONNREFUSED' }, 'fail', 'fail'],
	['a broken one', { failure: 'interrupted', code: 'ECONNRESET' }, 'retry', 'unconfirmed'],
	['200 as an HTML page', answer(200, '<html>'), 'fail', 'unconfirmed'],
	['an empty body', answer(201, ''), 'fail', 'unconfirmed'],
	['broken JSON', answer(201, '{"invoice": {"id"'), 'fail', 'unconfirmed'],
	['JSON of another shape', answer(201, { ok: true }), 'fail', 'unconfirmed'],
	['the other record', answer(201, { customer: { id: 'x' } }), 'fail', 'unconfirmed'],
	['a record without an ID', answer(201, { invoice: {} }), 'fail', 'unconfirmed'],
	['null', answer(200, null), 'fail', 'unconfirmed'],
	['a redirect', answer(302, ''), 'fail', 'unconfirmed'],
	['408', answer(408), 'fail', 'unconfirmed'],
];

it.each(TABLE)(
	'%s: a read and a create are treated as SafePays’ error pages allow',
	(_name, outcome, get, post) => {
		const rule = RETRY_POLICY[classify(outcome, { record: 'invoice' })];
		expect([rule.GET, rule.POST]).toEqual([get, post]);
	},
);

it('never calls an answer a success that does not hold the record', () => {
	holds(fc.integer({ min: 100, max: 599 }), fc.jsonValue(), (status, body) => {
		expect(RETRY_POLICY[classify(answer(status, body), { record: 'invoice' })].POST).not.toBe(
			'done',
		);
	});
});

it('sends a create again after no answer but a 429', () => {
	holds(
		fc.integer({ min: 100, max: 599 }).filter((status) => status !== 429),
		fc.jsonValue(),
		(status, body) => {
			expect(['done', 'fail', 'unconfirmed']).toContain(
				RETRY_POLICY[classify(answer(status, body), { record: 'invoice' })].POST,
			);
		},
	);
});

it('pauses longer before each further retry, whatever the jitter', () => {
	holds(
		fc.integer({ min: 1, max: 2 }),
		fc.double({ min: 0, max: 0.999, noNaN: true }),
		fc.double({ min: 0, max: 0.999, noNaN: true }),
		(retry, one, other) => {
			expect(getRetryPauseMs(retry + 1, one)).toBeGreaterThan(getRetryPauseMs(retry, other));
		},
	);
});
