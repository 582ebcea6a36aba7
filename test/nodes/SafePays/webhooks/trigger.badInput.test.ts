import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import { isUuid } from '../../../../nodes/SafePays/transport/uuid';
import type { Answer } from '../../../engine/post';
import { post } from '../../../engine/post';
import { triggerWorkflow } from '../../../engine/workflows';
import { pool } from '../../../../tools/harness/pool';
import { getInvoice } from '../../../sandbox/helpers';
import { clear, invoiceThatIs, stage } from './stage';

/** Posted at the same moment, as from several senders. */
const AT_ONCE = 50;

/** n8n's own answer to JSON that is none. */
const UNPROCESSABLE = 422;

afterEach(clear);

interface Posted {
	body: string;
	headers: Record<string, string>;
}

const nasty = fc.constantFrom(
	'../../customer',
	'..%2f..%2fcustomer%2f',
	'550e8400-e29b-41d4-a716-446655440000/../../customer',
	'550e8400-e29b-41d4-a716-446655440000%00',
	'550e8400-e29b-41d4-a716-446655440000\n',
	'550e8400-e29b-41d4-a716-446655440000?api_key=other',
	'{{ $env.N8N_ENCRYPTION_KEY }}',
	'={{ $execution.id }}',
	'__proto__',
	'constructor',
	'\u0000',
	'\ud800',
	'http://127.0.0.1/',
	'x'.repeat(20_000),
);
/** Few, so that some come twice, and none of an invoice. */
const uuid = fc
	.integer({ min: 1, max: 300 })
	.map((nth) => `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`);
const key = fc.oneof(
	fc.constantFrom(
		'invoice',
		'id',
		'invoice_id',
		'transaction_id',
		'status',
		'event',
		'api_key',
		'url',
		'toString',
		'__proto__',
		'constructor',
		'prototype',
		'length',
	),
	fc.string({ maxLength: 8 }),
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 4, depthSize: 'small' },
		fc.constantFrom(null, true, false, 0, -1, 1e308, '', [], {}),
		nasty,
		fc.string(),
		fc.integer(),
		fc.array(tie('value'), { maxLength: 4 }),
		fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(createObject),
	),
})).value;
const idLike = fc.oneof(
	{ weight: 6, arbitrary: nasty },
	{ weight: 3, arbitrary: json },
	{ weight: 1, arbitrary: uuid },
);
const notificationLike = fc
	.record({
		place: fc.constantFrom('invoice', 'id', 'invoice_id', 'transaction_id'),
		id: idLike,
		more: json,
		status: fc.oneof(json, fc.constant('Paid')),
	})
	.map(({ place, id, more, status }) =>
		place === 'invoice'
			? { event: more, invoice: { id, status, more } }
			: { [place]: id, status, more },
	);
const deep = fc
	.record({
		depth: fc.integer({ min: 100, max: 20_000 }),
		open: fc.constantFrom('[', '{"invoice":', '{"id":'),
		whole: fc.boolean(),
	})
	.map(
		({ depth, open, whole }) =>
			open.repeat(depth) + '1' + (whole ? (open === '[' ? ']' : '}').repeat(depth) : ''),
	);
const text = fc.oneof(
	{ weight: 8, arbitrary: notificationLike.map((value) => JSON.stringify(value)) },
	{ weight: 8, arbitrary: json.map((value) => JSON.stringify(value)) },
	{ weight: 3, arbitrary: fc.string() },
	{ weight: 1, arbitrary: deep },
	{ weight: 1, arbitrary: fc.constant('') },
	{
		weight: 1,
		arbitrary: fc.constant('id=550e8400-e29b-41d4-a716-446655440000%2F..&invoice[id]=1&id=2'),
	},
);
const headers = fc.record(
	{
		'Content-Type': fc.constantFrom(
			...Array.from({ length: 8 }, () => 'application/json'),
			'application/json; charset=utf-16',
			'text/plain',
			'application/x-www-form-urlencoded',
			'multipart/form-data; boundary=x',
			'application/octet-stream',
			'application/vnd.safepays+json',
			'nonsense',
		),
		'X-SafePays-Event': fc.constantFrom('payment_success', '', 'a'.repeat(4000)),
		'X-SafePays-Signature': fc.stringMatching(/^[\x21-\x7e]{0,80}$/),
		'X-HTTP-Method-Override': fc.constantFrom('GET', 'DELETE'),
		Authorization: fc.constantFrom('Bearer x', 'Basic Og=='),
		'Accept-Encoding': fc.constantFrom('identity', '*', 'gzip;q=0'),
	},
	{ requiredKeys: ['Content-Type'] },
);
const posted: fc.Arbitrary<Posted> = fc.record({ body: text, headers });

/** Also with keys that an object literal would treat specially. */
function createObject(entries: Array<[string, unknown]>): unknown {
	return JSON.parse(
		`{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`,
	);
}

function isOfTheTable({ status, body, headers: sent }: Answer): boolean {
	const names = typeof body === 'object' && body !== null ? Object.keys(body).join() : '';
	if (status === UNPROCESSABLE) return true;
	if (status === 503) return names === 'error' && Number(sent['retry-after']) > 0;
	return (status === 400 || status === 404) && names === 'error';
}

describe('Whatever is posted to the trigger', () => {
	it('in 10,000 ways gets an answer of the table, starts nothing, and asks the API for nothing but invoices', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow({ events: ['paid', 'failed', 'unpaid'] }));
		const statuses: Record<number, number> = {};
		const bad: unknown[] = [];
		const all = fc.sample(posted, { numRuns: 10_000, seed: 20_260_101 });

		await pool(all, AT_ONCE, async ({ body, headers: sent }) => {
			const answer = await post(url, body, sent);
			statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
			if (!isOfTheTable(answer)) bad.push({ body: body.slice(0, 200), sent, answer });
		});

		expect(bad).toEqual([]);
		expect(n8n.crashes).toEqual([]);
		expect(n8n.executions).toEqual([]);
		expect(
			sandbox.requests.filter(
				({ method, path }) => method !== 'GET' || !isUuid(path.replace('/api/v2/invoice/', '')),
			),
		).toEqual([]);
		// The sample reaches the API, too, and has bodies of all kinds.
		expect(sandbox.requests.length).toBeGreaterThan(100);
		expect(Object.keys(statuses)).toEqual(expect.arrayContaining(['400', '404', '422']));
		expect(({} as IDataObject).invoice).toBeUndefined();
	}, 60_000);

	it('with the id of a paid invoice starts the workflow once, with the invoice untouched by the body', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const id = await invoiceThatIs(sandbox, 'Paid');
		const invoice = await getInvoice(sandbox, id);
		const bodies = fc.sample(fc.dictionary(key, json), { numRuns: 200, seed: 7 });
		const answers = await Promise.all(
			bodies.map(
				async (more) => await post(url, JSON.stringify({ ...more, invoice: { ...more, id } })),
			),
		);
		expect(answers.every(({ status }) => status === 200)).toBe(true);
		await n8n.idle();
		expect(n8n.executions).toHaveLength(1);
		const [item] = n8n.getItems(n8n.executions[0], 'After');
		expect(item).toEqual({ event: 'paid', invoice });
	});
});
