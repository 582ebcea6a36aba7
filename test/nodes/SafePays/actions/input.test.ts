import { randomUUID } from 'node:crypto';

import fc from 'fast-check';
import { DateTime } from 'luxon';

import { amount, currency, date, email, id, InvalidInput, lineItems, text, total, url } from '../../../../nodes/SafePays/actions/input';

const refuses = (judge: () => unknown, words: RegExp) => {
	let thrown: unknown;
	try {
		judge();
	} catch (error) {
		thrown = error;
	}
	expect(thrown).toBeInstanceOf(InvalidInput);
	expect((thrown as InvalidInput).message).toMatch(words);
	expect((thrown as InvalidInput).nextStep).not.toBe('');
};

describe('IDs', () => {
	const invoice = (value: unknown) => id(value, 'Invoice', 'pay');

	it('are found in every form that n8n hands them over in', () => {
		fc.assert(
			fc.property(fc.uuid(), fc.constantFrom('', '?a=b', '#x', '/', '/receipt'), fc.boolean(), (uuid, tail, upper) => {
				const given = upper ? uuid.toUpperCase() : uuid;
				const address = `https://app.safepays.com/pay/${given}${tail}`;
				for (const value of [given, ` ${given}\n`, address, { __rl: true, mode: 'id', value: given }, { __rl: true, mode: 'url', value: address }]) {
					expect(invoice(value)).toBe(uuid);
				}
			}),
		);
	});

	it.each([
		['', /is empty/],
		[undefined, /is empty/],
		[{ __rl: true, mode: 'id', value: '' }, /is empty/],
		['42', /holds no SafePays ID/],
		[`${randomUUID()}0`, /holds no SafePays ID/],
		[`https://app.safepays.com/dashboard/customer/${randomUUID()}`, /holds no SafePays ID/],
		[`${randomUUID()}/../../customer`, /holds no SafePays ID/],
	])('%j is none', (value, words) => refuses(() => invoice(value), words));

	it('let nothing else into a path', () => {
		fc.assert(
			fc.property(fc.string(), (value) => {
				try {
					expect(invoice(value)).toMatch(/^[0-9a-f-]{36}$/);
				} catch (error) {
					if (!(error instanceof InvalidInput)) throw error;
				}
			}),
		);
	});
});

describe('amounts', () => {
	it('are taken as numbers or as text, and keep their cents', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (cents) => {
				expect(amount(cents / 100, 'Amount')).toBe(cents / 100);
				expect(amount((cents / 100).toFixed(2), 'Amount')).toBe(cents / 100);
			}),
		);
	});

	it('lose the noise of binary fractions', () => expect(amount(3 * 19.99, 'Amount')).toBe(59.97));

	it('of 0 or less are refused', () => {
		fc.assert(fc.property(fc.double({ max: 0, noNaN: true, noDefaultInfinity: true }), (value) => refuses(() => amount(value, 'Amount'), /"Amount" has to be greater than 0/)));
	});

	it.each([[''], ['  '], ['ten'], ['19,90'], [NaN], [Infinity], [null], [undefined], [true], [{}]])('%p is not a number', (value) => {
		refuses(() => amount(value, 'Amount'), /"Amount" is not a number/);
	});
});

describe('email addresses', () => {
	it('are taken with blanks around them', () => {
		fc.assert(fc.property(fc.emailAddress(), (address) => {
			fc.pre(!/[(),;:"]/.test(address));
			expect(email(` ${address}\n`, 'Email')).toBe(address);
		}));
	});

	it.each(['john', 'john@', '@example.com', 'john@example', 'a b@example.com', 'a@example.com, b@example.com', 'John <a@example.com>', 'a@b@example.com'])(
		'%s is none',
		(value) => refuses(() => email(value, 'Email'), /"Email" is not an email address/),
	);
});

describe('web addresses', () => {
	it('with http(s) are taken as they are', () => {
		fc.assert(fc.property(fc.webUrl({ withQueryParameters: true }), (address) => expect(url(address, 'Redirect URL')).toBe(address)));
	});

	it.each(['example.com', '//example.com', 'ftp://example.com', 'javascript:alert(1)', 'https://', 'https:///x', 'http:// example.com'])('%s is none', (value) =>
		refuses(() => url(value, 'Redirect URL'), /"Redirect URL" is not a web address/),
	);

	it('may be left empty', () => expect([url('', 'x'), url(undefined, 'x'), url('  ', 'x')]).toEqual(['', '', '']));
});

describe('dates', () => {
	const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Pacific/Auckland', 'Pacific/Kiritimati', 'Asia/Kolkata', 'UTC');
	const moment = fc.date({ min: new Date('2000-01-02'), max: new Date('2100-01-01'), noInvalidDate: true });

	it('are the day that the workflow’s clock shows, whatever form the moment comes in', () => {
		fc.assert(
			fc.property(moment, zone, zone, (when, workflowZone, otherZone) => {
				const day = new Intl.DateTimeFormat('sv-SE', { timeZone: workflowZone, dateStyle: 'short' }).format(when);
				const elsewhere = DateTime.fromJSDate(when, { zone: otherZone });
				for (const value of [when, when.getTime(), when.toISOString(), elsewhere, elsewhere.toISO()]) {
					expect(date(value, 'Due Date', workflowZone)).toBe(day);
				}
			}),
		);
	});

	it('without a zone are the day that they name, wherever the workflow runs', () => {
		fc.assert(
			fc.property(moment, zone, (when, workflowZone) => {
				const [day, time] = when.toISOString().slice(0, 19).split('T');
				// Clocks are put forward at night: that hour does not exist.
				fc.pre(DateTime.fromISO(`${day}T${time}`, { zone: workflowZone }).toFormat('HH:mm:ss') === time);
				for (const value of [day, `${day}T${time}`, `${day} ${time}`]) expect(date(value, 'Due Date', workflowZone)).toBe(day);
			}),
		);
	});

	it.each([['April 17, 2026'], ['17 Apr 2026'], ['4/17/2026'], ['2026-04-17']])('%s is a day', (value) => {
		expect(date(value, 'Due Date', 'Pacific/Auckland')).toBe('2026-04-17');
	});

	it.each([['soon'], ['1'], [true], ['2026-02-30'], ['2026-13-01'], [{}], [NaN]])('%p is none', (value) =>
		refuses(() => date(value, 'Due Date', 'UTC'), /"Due Date" is not a date/),
	);

	it('may be left empty', () => expect([date('', 'x', 'UTC'), date(null, 'x', 'UTC'), date(undefined, 'x', 'UTC')]).toEqual(['', '', '']));
});

describe('line items', () => {
	const item = fc.record({
		title: fc.string({ minLength: 1 }).filter((title) => title.trim() !== ''),
		qty: fc.integer({ min: 1, max: 1000 }),
		price: fc.integer({ min: 1, max: 1_000_000 }).map((cents) => cents / 100),
	});

	it('are the same as a list and as JSON', () => {
		fc.assert(
			fc.property(fc.array(item, { minLength: 1, maxLength: 5 }), (list) => {
				const taken = list.map((one) => ({ ...one, title: one.title.trim() }));
				expect(lineItems(list, 'Line Items')).toEqual(taken);
				expect(lineItems(JSON.stringify(list), 'Line Items')).toEqual(taken);
				const cents = list.reduce((sum, { qty, price }) => sum + qty * Math.round(price * 100), 0);
				expect(Math.round(total(taken) * 100)).toBe(cents);
			}),
		);
	});

	it.each([
		[[], /"Line Items" is empty/],
		['', /"Line Items" is empty/],
		['{', /holds no list in valid JSON/],
		['{"title": "A"}', /holds no list in valid JSON/],
		[{ title: 'A' }, /is not a list/],
		[[{ qty: 1, price: 1 }], /"Line Items 1: Title" is empty/],
		[[{ title: 'A', qty: 1, price: 1 }, { title: 'B', qty: 0, price: 1 }], /"Line Items 2: Quantity" has to be greater than 0/],
		[[{ title: 'A', qty: 1 }], /"Line Items 1: Price" is not a number/],
		[[null], /"Line Items 1: Title" is empty/],
		[[{ title: 'A', qty: 1, price: 5 }, { title: 'Discount', qty: 1, price: -5 }], /"Total of Line Items" has to be greater than 0/],
	])('%j: says what is wrong', (value, words) => refuses(() => lineItems(value, 'Line Items'), words));
});

it('texts are trimmed, and nothing is an empty text', () => {
	expect([text(' a '), text(5), text(null), text(undefined), currency(' eur ')]).toEqual(['a', '5', '', '', 'EUR']);
});
