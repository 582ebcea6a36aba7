import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import { getApiKey } from '../../../../credentials/SafePaysApi.credentials';
import {
	MAX_METADATA_BYTES,
	measureMetadata,
	signQuery,
	verifyQuery,
} from '../../../../nodes/SafePays/webhooks/signedQuery';
import { holds } from '../../../support/holds';

const KEY = 'the-secret-key';
const CUSTOMER = '550e8400-e29b-41d4-a716-446655440000';

const BILL = {
	uniqueKey: 'order-1042',
	metadata: { order: '1042', note: 'blue & grün' },
	payer: 'John@Example.com',
	currency: 'usd',
	total: 200,
};

const INVOICE: IDataObject = {
	email: 'john@example.com',
	customer_id: CUSTOMER,
	currency: 'USD',
	items: [
		{ name: 'A', qty: 3, price: 50 },
		{ name: 'B', qty: 1, price: 50 },
	],
};

/** As n8n hands a query over. */
const read = (query: string): IDataObject => Object.fromEntries(new URLSearchParams(query));
const signed = (bill: Partial<typeof BILL> = {}) => read(signQuery({ ...BILL, ...bill }, KEY));

describe('A signed query', () => {
	it('gives back what was signed, for the invoice that it was signed for', () => {
		expect(verifyQuery(signed(), INVOICE, KEY)).toEqual({
			uniqueKey: BILL.uniqueKey,
			metadata: BILL.metadata,
		});
		expect(verifyQuery(signed({ metadata: undefined }), INVOICE, KEY)).toEqual({
			uniqueKey: BILL.uniqueKey,
		});
		expect(verifyQuery(signed({ uniqueKey: undefined }), INVOICE, KEY)).toEqual({
			metadata: BILL.metadata,
		});
	});

	it('is empty without a unique key and metadata', () => {
		expect(signQuery({ payer: 'a@example.com', currency: 'USD', total: 1 }, KEY)).toBe('');
		expect(signQuery({ ...BILL, uniqueKey: '', metadata: {} }, KEY)).toBe('');
	});

	it('holds with any texts, emails in any letters, and blanks around the API key', () => {
		holds(
			fc.string({ unit: 'binary', minLength: 1 }),
			fc.dictionary(
				fc.string({ unit: 'grapheme', minLength: 1 }),
				fc.string({ unit: 'grapheme' }),
				{ minKeys: 1 },
			),
			fc.integer({ min: 1, max: 1e9 }),
			(uniqueKey, metadata, cents) => {
				const total = cents / 100;
				const query = read(
					signQuery({ ...BILL, uniqueKey, metadata, total }, getApiKey({ apiKey: ` ${KEY}\n` })),
				);
				const invoice = { ...INVOICE, items: [{ name: 'Payment', qty: 1, price: total }] };
				const wellFormed = Buffer.from(uniqueKey).toString();
				expect(verifyQuery(query, invoice, KEY)?.uniqueKey).toBe(wellFormed);
				expect(Object.entries(verifyQuery(query, invoice, KEY)?.metadata ?? {})).toEqual(
					Object.entries(metadata),
				);
			},
		);
	});

	it('agrees with sums that a computer cannot write exactly', () => {
		const items = [
			{ name: 'A', qty: 1, price: 0.1 },
			{ name: 'B', qty: 1, price: 0.2 },
		];
		expect(verifyQuery(signed({ total: 0.3 }), { ...INVOICE, items }, KEY)).toBeDefined();
		expect(
			verifyQuery(signed({ total: 1.15 * 3 }), { ...INVOICE, items: [], base_amount: 3.45 }, KEY),
		).toBeUndefined();
		expect(
			verifyQuery(signed({ total: 1.15 * 3 }), { base_amount: 3.45, currency: 'USD' }, KEY),
		).toBeDefined();
	});

	it.each<[string, IDataObject]>([
		['another payer', { email: 'mallory@example.com' }],
		['another currency', { currency: 'INR' }],
		['a cheaper item', { items: [{ name: 'A', qty: 1, price: 199.99 }] }],
		['no items at all', { items: [] }],
		['another base amount', { base_amount: 1 }],
	])('says nothing about an invoice with %s', (_what, other) => {
		expect(verifyQuery(signed(), { ...INVOICE, ...other }, KEY)).toBeUndefined();
	});

	it('is bound to the customer where a customer was billed', () => {
		const query = signed({ payer: CUSTOMER.toUpperCase() });
		expect(verifyQuery(query, { ...INVOICE, email: 'new@example.com' }, KEY)).toBeDefined();
		expect(
			verifyQuery(
				query,
				{ ...INVOICE, customer_id: CUSTOMER.replace('550e8400', '550e8401') },
				KEY,
			),
		).toBeUndefined();
	});

	it('is only bound to what the API returns', () => {
		expect(verifyQuery(signed(), { id: 'x', status: 'Paid' }, KEY)).toBeDefined();
		expect(verifyQuery(signed(), { email: null, currency: '' }, KEY)).toBeDefined();
		expect(verifyQuery(signed(), { currency: 'EUR' }, KEY)).toBeUndefined();
	});

	it('does not hold with one of its parts changed, taken away, doubled or exchanged', () => {
		const other = signed({ uniqueKey: 'order-1', payer: 'x@example.com', total: 1 });
		for (const name of Object.keys(signed())) {
			for (const value of [`${String(signed()[name])}x`, '', undefined, [signed()[name]]]) {
				const query = { ...signed(), [name]: value } as IDataObject;
				expect([name, value, verifyQuery(query, {}, KEY)]).toEqual([name, value, undefined]);
			}
			if (other[name] !== signed()[name])
				expect(verifyQuery({ ...signed(), [name]: other[name] }, {}, KEY)).toBeUndefined();
		}
	});

	it('does not hold with another key, and shows neither the key nor the email address', () => {
		expect(verifyQuery(signed(), INVOICE, 'another-key')).toBeUndefined();
		const query = signQuery(BILL, KEY);
		expect(query).not.toContain(KEY);
		expect(decodeURIComponent(query).toLowerCase()).not.toContain('john');
	});

	it('is not taken from anything else that comes with a request', () => {
		holds(fc.anything(), (query) => {
			expect(verifyQuery(query, INVOICE, KEY)).toBeUndefined();
		});
	});

	it('with a kilobyte of metadata in any script fits into a webhook URL', () => {
		for (const letter of ['a', '"', 'ü', '語', '💶']) {
			const metadata = { note: '' };
			while (measureMetadata({ note: metadata.note + letter }) <= MAX_METADATA_BYTES)
				metadata.note += letter;
			expect(signQuery({ ...BILL, metadata }, KEY).length).toBeLessThan(1700);
		}
	});
});
