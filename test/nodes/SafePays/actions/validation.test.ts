import { randomUUID } from 'node:crypto';

import fc from 'fast-check';

import {
	readAmount,
	readCurrency,
	readEmail,
	readId,
	readLineItems,
	readMoney,
	readNumber,
	readRequiredText,
	readChoice,
	readText,
	sumLineItems,
	readUrl,
} from '../../../../nodes/SafePays/actions/validation';
import { InvalidInput } from '../../../../nodes/SafePays/errors/invalidInput';
import { holds } from '../../../support/holds';

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
	const invoice = (value: unknown) => readId(value, 'Invoice', 'pay');

	it('are found in every form that n8n hands them over in', () => {
		holds(
			fc.uuid(),
			fc.constantFrom('', '?a=b', '#x', '/', '/receipt'),
			fc.boolean(),
			(uuid, tail, upper) => {
				const given = upper ? uuid.toUpperCase() : uuid;
				const address = `https://app.safepays.com/pay/${given}${tail}`;
				for (const value of [
					given,
					` ${given}\n`,
					address,
					{ __rl: true, mode: 'id', value: given },
					{ __rl: true, mode: 'url', value: address },
				]) {
					expect(invoice(value)).toBe(uuid);
				}
			},
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
		holds(fc.string(), (value) => {
			try {
				expect(invoice(value)).toMatch(/^[0-9a-f-]{36}$/);
			} catch (error) {
				if (!(error instanceof InvalidInput)) throw error;
			}
		});
	});
});

const cents = fc.integer({ min: 1, max: 1_000_000_000 });

describe('amounts', () => {
	it('are taken as numbers or as text, and keep their cents', () => {
		holds(cents, fc.constantFrom('', ' ', '\u200b', '\n'), (given, blank) => {
			expect(readAmount(given / 100, 'Amount')).toBe(given / 100);
			expect(readAmount(`${blank}${(given / 100).toFixed(2)}${blank}`, 'Amount')).toBe(given / 100);
		});
	});

	it('lose the noise of binary fractions, however they were added up', () => {
		holds(fc.array(cents, { minLength: 1, maxLength: 500 }), (prices) => {
			const exact = prices.reduce((sum, price) => sum + price) / 100;
			expect(
				readAmount(
					prices.reduce((sum, price) => sum + price / 100, 0),
					'Amount',
				),
			).toBe(exact);
		});
	});

	it('with more than two decimals are refused, as numbers and as text', () => {
		holds(
			cents,
			fc.integer({ min: 1, max: 9 }),
			fc.integer({ min: 3, max: 6 }),
			(whole, digit, place) => {
				const given = Math.floor(whole / 1000) + digit / 10 ** place;
				refuses(() => readMoney(given, 'Amount'), /"Amount" has more than two decimals/);
				refuses(() => readMoney(given.toFixed(place), 'Amount'), /"Amount" is not a number/);
			},
		);
	});

	it('in any other writing than plain digits are refused, whatever JavaScript makes of them', () => {
		const part = fc.constantFrom('1', '23', '.', ',', 'e', 'x', '0', '+', ' ', '_', "'", '$', 'n');
		fc.assert(
			fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
				const given = parts.join('');
				if (/^\s*\d+(\.\d{1,2})?\s*$/.test(given))
					expect(readNumber(given, 'x')).toBe(Number(given));
				else refuses(() => readNumber(given, 'x'), /"x" is not a number/);
			}),
			{ numRuns: 1000 },
		);
	});

	it('of 0 or less are refused', () => {
		holds(fc.integer({ min: -1_000_000_000, max: 0 }), (given) =>
			refuses(() => readAmount(given / 100, 'Amount'), /"Amount" must be more than 0/),
		);
	});

	const NO_NUMBERS: unknown[] = [
		...[
			'',
			'  ',
			'ten',
			'19,90',
			'1,234',
			'1.234',
			'19.900',
			'0x10',
			'1e3',
			'$20',
			'1 000',
			'Infinity',
		],
		...[NaN, Infinity, null, undefined, true, {}, [20]],
	];
	it.each(NO_NUMBERS.map((value) => [value]))('%p is not a number', (value) =>
		refuses(() => readAmount(value, 'Amount'), /"Amount" is not a number/),
	);

	it('of a quadrillion are refused', () => {
		refuses(() => readAmount(1e15, 'Amount'), /"Amount" is too large/);
	});
});

/** What nobody sees: blanks, line ends, zero-width characters, soft hyphens. */
const invisible = fc.constantFrom(
	...' \t\n\r\u00a0\u00ad\u200b\u200d\u200e\u2028\u2060\u3000\ufeff',
);

describe('email addresses', () => {
	it('are taken with what nobody sees around them, and refused with it inside', () => {
		holds(
			fc.emailAddress(),
			fc.array(invisible),
			invisible,
			fc.nat(),
			(address, around, inside, position) => {
				const blanks = around.join('');
				expect(readEmail(`${blanks}${address}${blanks}`, 'Email')).toBe(address);
				const at = 1 + (position % (address.length - 1));
				refuses(
					() => readEmail(address.slice(0, at) + inside + address.slice(at), 'Email'),
					/"Email" is not an email address/,
				);
			},
		);
	});

	it.each([
		'john',
		'john@',
		'@example.com',
		'john@example',
		'a b@example.com',
		'a@example.com, b@example.com',
		'John <a@example.com>',
		'a@b@example.com',
		'.bob@x.co',
		'bob.@x.co',
		'bob..b@x.co',
		'bob@x.co?subject=hi',
		'bob@x.co/path',
		'bob@x_y.co',
		'bob@x..co',
		'bob@-x.co',
		'bob@x.co.',
		'mailto:bob@x.co',
		'bob@x.co\nbcc@y.co',
	])('%s is none', (value) =>
		refuses(() => readEmail(value, 'Email'), /"Email" is not an email address/),
	);
});

describe('web addresses', () => {
	it('go out as new URL writes them, without what nobody sees around them', () => {
		holds(fc.webUrl({ withQueryParameters: true }), fc.array(invisible), (address, around) => {
			const blanks = around.join('');
			expect(readUrl(`${blanks}${address}${blanks}`, 'Redirect URL')).toBe(new URL(address).href);
		});
	});

	it('with something inside that nobody sees are refused', () => {
		holds(fc.webUrl(), invisible, fc.nat(), (address, inside, position) => {
			const at = 1 + (position % (address.length - 1));
			refuses(
				() => readUrl(address.slice(0, at) + inside + address.slice(at), 'Redirect URL'),
				/"Redirect URL" is not a web address/,
			);
		});
	});

	it.each([
		'example.com',
		'//example.com',
		'ftp://example.com',
		'javascript:alert(1)',
		'https://',
		'https:///x',
		'http:// example.com',
		'https://example.com/thank you',
	])('%s is none', (value) =>
		refuses(() => readUrl(value, 'Redirect URL'), /"Redirect URL" is not a web address/),
	);

	it('are written in one way, whatever letters and dots they come in', () =>
		expect(readUrl('HTTPS://Example.COM:443/a/../b?q=ä', 'x')).toBe(
			'https://example.com/b?q=%C3%A4',
		));

	it('may be left empty', () =>
		expect([readUrl('', 'x'), readUrl(undefined, 'x'), readUrl('  ', 'x')]).toEqual(['', '', '']));
});

describe('line items', () => {
	const item = fc.record({
		title: fc.string({ minLength: 1 }).filter((title) => title.trim() !== ''),
		qty: fc.integer({ min: 1, max: 1000 }),
		price: fc.integer({ min: 1, max: 1_000_000 }).map((cents) => cents / 100),
	});

	it('are the same as a list and as JSON', () => {
		holds(fc.array(item, { minLength: 1, maxLength: 5 }), (list) => {
			const taken = list.map((one) => ({ ...one, title: one.title.trim() }));
			expect(readLineItems(list, 'Line Items')).toEqual(taken);
			expect(readLineItems(JSON.stringify(list), 'Line Items')).toEqual(taken);
			const cents = list.reduce((sum, { qty, price }) => sum + qty * Math.round(price * 100), 0);
			expect(Math.round(sumLineItems(taken) * 100)).toBe(cents);
		});
	});

	it.each([
		[[], /"Line Items" is empty/],
		['', /"Line Items" is empty/],
		['{', /holds no list in valid JSON/],
		['{"title": "A"}', /holds no list in valid JSON/],
		[{ title: 'A' }, /is not a list/],
		[[{ qty: 1, price: 1 }], /"Line Items 1: Title" is empty/],
		[
			[
				{ title: 'A', qty: 1, price: 1 },
				{ title: 'B', qty: 0, price: 1 },
			],
			/"Line Items 2: Quantity" must be more than 0/,
		],
		[[{ title: 'A', qty: 1 }], /"Line Items 1: Price" is not a number/],
		[[null], /"Line Items 1: Title" is empty/],
		[
			[
				{ title: 'A', qty: 1, price: 5 },
				{ title: 'Discount', qty: 1, price: -5 },
			],
			/"Total of Line Items" must be more than 0/,
		],
		[[{ title: 'A', qty: 1e300, price: 1e11 }], /"Total of Line Items" is too large/],
		[[{ title: 'A', qty: 1e10, price: 1e3 }], /"Total of Line Items" is too large: 10000000000000/],
	])('%j: says what is wrong', (value, words) =>
		refuses(() => readLineItems(value, 'Line Items'), words),
	);
});

describe('texts', () => {
	it('lose what nobody sees at their ends, and keep all within', () => {
		const visible = fc.constantFrom('a', 'é', '\u{1f468}\u200d\u{1f469}', '\u2764\ufe0f', '1');
		holds(
			fc.array(invisible),
			visible,
			fc.array(fc.oneof(invisible, visible)),
			visible,
			fc.array(invisible),
			(before, first, within, last, after) => {
				const kept = first + within.join('') + last;
				expect(readText(before.join('') + kept + after.join(''), 'Name')).toBe(kept);
			},
		);
	});

	it('of nothing are empty, and numbers are texts', () => {
		expect([readText(5, 'x'), readText(null, 'x'), readText(undefined, 'x')]).toEqual([
			'5',
			'',
			'',
		]);
	});

	it.each([{ first: 'A' }, ['A'], NaN])('of %j are none, so they are refused', (value) =>
		refuses(() => readText(value, 'Name'), /"Name" is not a text/),
	);

	it.each(['', '\u200b', '\u00ad\ufeff', '\u3164', '\u2800', '\u0000', '\ufe0f'])(
		'%j is nothing to be seen, so a name or title of it is refused',
		(value) => refuses(() => readRequiredText(value, 'Name', 'Nathan'), /"Name" is empty/),
	);

	it('of a million blanks take no time', () => {
		const before = performance.now();
		expect(readText(`${' '.repeat(1_000_000)}a${' '.repeat(1_000_000)}b`, 'x')).toHaveLength(
			1_000_002,
		);
		expect(performance.now() - before).toBeLessThan(1000);
	});
});

it.each(['eur', ' EUR\n', 'EUR\u200b'])('the currency %j is EUR', (value) =>
	expect(readCurrency(value, 'Currency')).toBe('EUR'),
);

it.each(['Euro', '€', 'US', 'U$D', 'USD,EUR', { code: 'USD' }])(
	'the currency %j is refused',
	(value) => refuses(() => readCurrency(value, 'Currency'), /^"Currency" is not/),
);

it('a value that is none of those allowed is named with those that are', () => {
	expect(readChoice(' days\n', 'Wait Unit', ['days', 'hours'])).toBe('days');
	refuses(
		() => readChoice('weeks', 'Wait Unit', ['days', 'hours']),
		/^"Wait Unit" has the unknown value "weeks"$/,
	);
});
