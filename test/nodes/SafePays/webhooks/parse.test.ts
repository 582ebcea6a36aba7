import fc from 'fast-check';

import { parseInvoiceStatus } from '../../../../nodes/SafePays/transport/records';
import { parseNotification } from '../../../../nodes/SafePays/webhooks/parse';
import { holds } from '../../../support/holds';

const place = fc.constantFrom(
	(id: unknown) => ({ invoice: { id } }),
	(id: unknown) => ({ id }),
	(id: unknown) => ({ invoice_id: id }),
	(id: unknown) => ({ transaction_id: id }),
);
const mixedCase = fc
	.tuple(fc.uuid(), fc.array(fc.boolean(), { minLength: 36, maxLength: 36 }))
	.map(([id, upper]) =>
		[...id].map((letter, nth) => (upper[nth] ? letter.toUpperCase() : letter)).join(''),
	);

describe('Reading a notification', () => {
	it('finds a UUID in each documented place and gives it in lower case', () => {
		holds(place, mixedCase, (at, id) => {
			expect(parseNotification(at(id))).toEqual({ ids: [id.toLowerCase()] });
		});
	});

	it('never throws, and gives nothing but UUIDs as ids and a word of SafePays as status', () => {
		fc.assert(
			fc.property(
				fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }),
				(body) => {
					const read = parseNotification(body);
					if (read) {
						expect(read.ids.length).toBeGreaterThan(0);
						for (const id of read.ids)
							expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
						expect([undefined, 'Paid', 'Failed', 'Unpaid']).toContain(read.status);
					}
				},
			),
			{ numRuns: 2000 },
		);
	});

	it('takes no id that has anything before or behind the UUID', () => {
		holds(place, fc.uuid(), fc.string(), fc.string(), (at, id, before, behind) => {
			fc.pre(before + behind !== '');
			expect(parseNotification(at(before + id + behind))).toBeUndefined();
		});
	});

	it('takes no id that is not a string', () => {
		holds(place, fc.uuid(), (at, id) => {
			for (const other of [[id], { id }, { toString: () => id }, Number.NaN, null]) {
				expect(parseNotification(at(other))).toBeUndefined();
			}
		});
	});

	it('gives all ids, the most specific first, each once', () => {
		const [a, b, c, d] = fc.sample(fc.uuid(), { numRuns: 4, seed: 1 });
		const body = { id: d, transaction_id: c, invoice_id: b, invoice: { id: a } };
		expect(parseNotification(body)?.ids).toEqual([a, b, c, d]);
		expect(parseNotification({ ...body, invoice: { id: 'evt_1' } })?.ids).toEqual([b, c, d]);
		expect(parseNotification({ ...body, id: a, invoice_id: a })?.ids).toEqual([a, c]);
	});

	const id = '550e8400-e29b-41d4-a716-446655440000';

	it.each<[string | undefined, object]>([
		['Paid', { invoice: { id, status: 'Paid' } }],
		['Paid', { invoice: { id, status: ' PAID ' } }],
		['Failed', { id, status: 'failed' }],
		['Failed', { status: 'Paid', invoice: { id, status: 'Failed' } }],
		['Paid', { status: 'Paid', invoice: { id, status: 'success' } }],
		['Paid', { event: 'payment_success', invoice: { id } }],
		['Paid', { event: 'payment_success', invoice: { id, status: 'Invoice Created' } }],
		['Failed', { event: 'payment_success', invoice: { id, status: 'Failed' } }],
		[undefined, { invoice: { id, status: 'Invoice Created' } }],
		[undefined, { event: 'payment_other', status: 'success', invoice: { id } }],
		[undefined, { id, status: ['Paid'] }],
	])('takes "%s" from %j', (status, body) => {
		expect(parseNotification(body)).toEqual(status ? { ids: [id], status } : { ids: [id] });
	});

	it('knows the four statuses in any letters and blanks, and nothing else', () => {
		expect(
			['paid', ' FAILED', 'un paid', 'invoice created', 'InvoiceCreated'].map(parseInvoiceStatus),
		).toEqual(['Paid', 'Failed', 'Unpaid', 'Invoice Created', 'Invoice Created']);
		expect(['', 'refunded', 'paid!', null, undefined, 1, {}].map(parseInvoiceStatus)).toEqual(
			Array(7).fill(undefined),
		);
	});
});
