import fc from 'fast-check';

import { readNotification } from '../../../../nodes/SafePays/notifications/read';

const place = fc.constantFrom(
	(id: unknown) => ({ invoice: { id } }),
	(id: unknown) => ({ id }),
	(id: unknown) => ({ invoice_id: id }),
	(id: unknown) => ({ transaction_id: id }),
);
const mixedCase = fc
	.tuple(fc.uuid(), fc.array(fc.boolean(), { minLength: 36, maxLength: 36 }))
	.map(([id, upper]) => [...id].map((letter, nth) => (upper[nth] ? letter.toUpperCase() : letter)).join(''));

describe('Reading a notification', () => {
	it('finds a UUID in each documented place and gives it in lower case', () => {
		fc.assert(
			fc.property(place, mixedCase, (at, id) => {
				expect(readNotification(at(id))).toEqual({ invoiceId: id.toLowerCase(), status: '' });
			}),
		);
	});

	it('never throws, and gives nothing but a UUID as id and a string as status', () => {
		fc.assert(
			fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }), (body) => {
				const read = readNotification(body);
				if (read) {
					expect(read.invoiceId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
					expect(typeof read.status).toBe('string');
				}
			}),
			{ numRuns: 2000 },
		);
	});

	it('takes no id that has anything before or behind the UUID', () => {
		fc.assert(
			fc.property(place, fc.uuid(), fc.string(), fc.string(), (at, id, before, behind) => {
				fc.pre(before + behind !== '');
				expect(readNotification(at(before + id + behind))).toBeUndefined();
			}),
		);
	});

	it('takes no id that is not a string', () => {
		fc.assert(
			fc.property(place, fc.uuid(), (at, id) => {
				for (const other of [[id], { id }, { toString: () => id }, Number.NaN, null]) {
					expect(readNotification(at(other))).toBeUndefined();
				}
			}),
		);
	});

	it("prefers the invoice's own id and status to those beside it", () => {
		fc.assert(
			fc.property(fc.uuid(), fc.uuid(), fc.string(), fc.string(), (inner, outer, status, other) => {
				const body = { id: outer, status: other, invoice: { id: inner, status } };
				expect(readNotification(body)).toEqual({ invoiceId: inner, status });
				expect(readNotification({ ...body, invoice: { id: inner } })).toEqual({ invoiceId: inner, status: other });
			}),
		);
	});
});
