import fc from 'fast-check';
import { DateTime } from 'luxon';

import { readDueDate, readDueInDays } from '../../../../nodes/SafePays/actions/dueDate';
import { InvalidInput } from '../../../../nodes/SafePays/errors/invalidInput';
import { useServerTimeZone } from '../../../support/serverTimeZone';
import { holds } from '../../../support/holds';

const zone = fc.constantFrom(
	'Europe/Berlin',
	'America/New_York',
	'Pacific/Auckland',
	'Pacific/Kiritimati',
	'Asia/Kolkata',
	'UTC',
);
const moment = fc.date({
	min: new Date('2000-01-02'),
	max: new Date('2099-12-30'),
	noInvalidDate: true,
});

const dayIn = (when: Date, timeZone: string) =>
	new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(when);

/** The day that is understood, or what is said of the value. */
function read(value: unknown, timeZone = 'Europe/Berlin'): string {
	try {
		return readDueDate(value, 'Due Date', timeZone);
	} catch (error) {
		if (!(error instanceof InvalidInput)) throw error;
		return error.message.replace(/: ".*/s, '');
	}
}

const REFUSED = '"Due Date" is not a date with one meaning';

describe.each(['UTC', 'America/New_York', 'Pacific/Kiritimati', 'Asia/Kolkata'])(
	'on a server in %s',
	(serverZone) => {
		useServerTimeZone(serverZone);

		it('a moment is the day that the workflow’s clock shows, whatever form it comes in', () => {
			holds(moment, zone, zone, (when, workflowZone, otherZone) => {
				const day = dayIn(when, workflowZone);
				const elsewhere = DateTime.fromJSDate(when, { zone: otherZone });
				const forms = [
					when,
					when.getTime(),
					String(when.getTime()),
					when.toISOString(),
					when.toString(),
					when.toUTCString(),
					elsewhere,
					elsewhere.toISO(),
					elsewhere.toHTTP(),
					elsewhere.toRFC2822(),
					elsewhere.toSQL(),
					elsewhere.toFormat("MMMM d, yyyy 'at' h:mm:ss a 'GMT'ZZ"),
				];
				expect(forms.map((form) => read(form, workflowZone))).toEqual(forms.map(() => day));
			});
		});

		it('a day without a zone is the day that the text names, wherever the workflow runs', () => {
			const time = fc.constantFrom('', ' 00:00', ' 23:59:59', ', 11:30 PM', ' at 12:30 AM');
			holds(moment, zone, time, (when, workflowZone, clock) => {
				const at = DateTime.fromJSDate(when, { zone: 'utc' });
				const forms = [
					'yyyy-MM-dd',
					'yyyy-M-d',
					'yyyy/MM/dd',
					'yyyy.M.d',
					'd-MMM-yyyy',
					'dd MMM yyyy',
					'd. MMMM yyyy',
					'd MMM, yyyy',
					'MMM d, yyyy',
					'MMMM d yyyy',
					'yyyy-MMM-dd',
					'EEE, d MMM yyyy',
					'EEEE, MMMM d, yyyy',
				].map((form) => at.toFormat(form) + clock);
				forms.push(at.toFormat("yyyy-MM-dd'T'HH:mm:ss"), at.toFormat('d MMM yyyy').toUpperCase());
				expect(forms.map((form) => [form, read(form, workflowZone)])).toEqual(
					forms.map((form) => [form, at.toFormat('yyyy-MM-dd')]),
				);
			});
		});

		it('a text of numbers that does not begin with the year is refused, whatever they are', () => {
			const two = fc.integer({ min: 1, max: 31 }).map((part) => String(part));
			const padded = two.map((part) => part.padStart(2, '0'));
			holds(
				fc.oneof(two, padded),
				fc.oneof(two, padded),
				fc.oneof(fc.integer({ min: 2000, max: 2100 }).map(String), padded),
				fc.constantFrom('/', '-', '.', ' '),
				(first, second, year, gap) => expect(read([first, second, year].join(gap))).toBe(REFUSED),
			);
		});

		it('a number is refused, but for milliseconds since 1970', () => {
			holds(
				fc.oneof(
					fc.integer({ min: -1, max: 4_102_444_800 }),
					fc.integer({ min: 1_000_000, max: 99_999_999 }),
					fc.integer({ min: Date.UTC(2100, 0, 1), max: Number.MAX_SAFE_INTEGER }),
					fc.double({ noInteger: true }),
				),
				(given) => {
					expect(read(given)).toBe(REFUSED);
					expect(read(String(given))).toBe(REFUSED);
				},
			);
		});

		it('other words around a year or a date make it none', () => {
			const word = fc.constantFrom('Order', 'Invoice', '#', 'in', 'May be', 'due', 'Q4', 'no.');
			holds(
				word,
				fc.constantFrom('1042', '2026', '2026-12-31', '31 Dec 2026', '12'),
				fc.boolean(),
				(other, number, before) =>
					expect(read(before ? `${other} ${number}` : `${number} ${other}`)).toBe(REFUSED),
			);
		});
	},
);

it('a day that no calendar has is refused in every form', () => {
	const impossible = fc.constantFrom(
		[2, 30],
		[2, 31],
		[4, 31],
		[6, 31],
		[9, 31],
		[11, 31],
		[1, 32],
	);
	holds(impossible, ([month, day]) => {
		const name = DateTime.fromObject({ month }).toFormat('MMM');
		for (const given of [
			`2026-${String(month).padStart(2, '0')}-${day}`,
			`2026/${month}/${day}`,
			`${day} ${name} 2026`,
			`${name} ${day}, 2026`,
			`2026-${String(month).padStart(2, '0')}-${day}T10:00:00Z`,
		])
			expect([given, read(given)]).toEqual([given, REFUSED]);
	});
});

it.each([
	['soon'],
	['1'],
	[true],
	[{}],
	[[]],
	[NaN],
	[new Date('')],
	[DateTime.invalid('x')],
	['2026'],
	['2026-12'],
	['2026-02-29'],
	['2026-13-01'],
	['2026-31-12'],
	['2026-12/31'],
	['2026-12-31T'],
	['2026-12-31T24:00:00'],
	['2026-12-31T10:60:00'],
	['31 Dec 2026 13:00 PM'],
	['31 Dec 26'],
	['31 Dez 2026'],
	['Mon, 31 Dec 2026'],
	['Thu, 31 Dec 2026 23:30:00 CST'],
])('%p is refused', (value) => expect(read(value)).toBe(REFUSED));

it.each([[''], ['  '], ['\u200b\n'], [null], [undefined]])('%j is none given', (value) =>
	expect(read(value)).toBe(''),
);

describe('days from today', () => {
	beforeEach(() => jest.useFakeTimers({ now: new Date('2026-12-31T23:30:00Z') }));
	afterEach(() => jest.useRealTimers());

	it.each([
		[0, 'America/New_York', '2026-12-31'],
		[0, 'Europe/Berlin', '2027-01-01'],
		[30, 'Europe/Berlin', '2027-01-31'],
		['30', 'Europe/Berlin', '2027-01-31'],
		['', 'Europe/Berlin', ''],
		[undefined, 'Europe/Berlin', ''],
	])('%j of them in %s are %s', (value, timeZone, day) =>
		expect(readDueInDays(value, timeZone)).toBe(day),
	);

	it.each([[-1], [1.5], [5000], ['soon'], [true], ['1e2']])('%j of them are refused', (value) =>
		expect(() => readDueInDays(value, 'UTC')).toThrow(InvalidInput),
	);
});
