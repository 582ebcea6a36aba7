import { DateTime } from 'luxon';

import { trimInvisible } from '../../../credentials/invisible';
import { readIntegerWithin, quote, readText } from './validation';
import { InvalidInput } from '../errors/invalidInput';

const FORMS =
	'Enter 2026-12-31 or 2026/12/31 (a time may follow), a text with the English name of the month such as 31 Dec 2026, a date of n8n such as {{ $now.plus(30, "days") }}, or milliseconds since 1970.';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

const DAY = String.raw`(?<day>\d{1,2})`;
const YEAR = String.raw`(?<year>\d{4})`;
const MONTH_NAME =
	'(?<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const WEEKDAY = '(?:(?<weekday>mon|tue|wed|thu|fri|sat|sun)(?:day|s?day|nesday|rsday|urday)?,? )?';
const TIME = [
	String.raw`(?:(?:T|,? (?:at )?)(?<hour>\d{1,2}):(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?:[.,]\d+)?)?`,
	String.raw`(?: ?(?<half>am|pm))?`,
	String.raw`(?: ?(?:(?<utc>Z|UTC|GMT)|(?:UTC|GMT)?(?<sign>[+-])(?<hours>0?\d|1[0-8])(?::?(?<minutes>[0-5]\d))?))?`,
	String.raw`(?: \([^()]*\))?)?`,
].join('');

/** The forms of a date in a text that have one meaning; each may be followed by a time and a zone. */
const DATES = [
	String.raw`${YEAR}(?<gap>[-/. ])(?<monthNumber>\d{1,2})\k<gap>${DAY}`,
	String.raw`${YEAR}[-/. ]${MONTH_NAME}[-/. ]${DAY}`,
	String.raw`${WEEKDAY}${DAY}(?:st|nd|rd|th|\.)?[-/. ]?${MONTH_NAME}\.?,?[-/. ]?${YEAR}`,
	String.raw`${WEEKDAY}${MONTH_NAME}[-/. ]${DAY}(?:st|nd|rd|th)?,?[-/. ]${YEAR}`,
].map((date) => new RegExp(`^${date}${TIME}$`, 'i'));

/** Milliseconds since 1970 are recognised by their size: from 2000 until 2100. */
const MIN_MS = Date.UTC(2000, 0, 1);
const MAX_MS = Date.UTC(2100, 0, 1);

/**
 * A due date as SafePays wants it, `YYYY-MM-DD`; `''` if none is given. A moment (with a zone, a
 * Luxon DateTime, a JavaScript Date, milliseconds) is the day that it is in `timeZone`; a text
 * without a zone is the day that it names, wherever the server or the workflow is.
 *
 * @param timeZone of the workflow, e.g. `Europe/Berlin`
 * @throws InvalidInput for what could mean two days, or none
 */
export function readDueDate(value: unknown, field: string, timeZone: string): string {
	const given = typeof value === 'string' ? trimInvisible(value) : value;
	if (given === undefined || given === null || given === '') return '';
	const moment = toMoment(given);
	const day = moment === undefined ? undefined : formatDay(moment, timeZone);
	if (day === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(day)) {
		throw new InvalidInput(field, `is not a date with one meaning: ${quote(value)}`, FORMS);
	}
	return day;
}

/**
 * The day so many days from today in `timeZone`, as `YYYY-MM-DD`; `''` if no number is given.
 *
 * @throws InvalidInput for anything but a whole number from 0 to 3650
 */
export function readDueInDays(value: unknown, timeZone: string): string {
	const field = 'Due In (Days)';
	if (readText(value, field) === '') return '';
	const days = readIntegerWithin(value, field, 0, 3650);
	return DateTime.now().setZone(timeZone).plus({ days }).toFormat('yyyy-MM-dd');
}

/** Milliseconds since 1970, or the day itself where a text names one without a zone. */
function toMoment(given: unknown): number | string | undefined {
	if (DateTime.isDateTime(given)) return given.toMillis();
	if (given instanceof Date) return given.getTime();
	const number = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given;
	if (typeof number === 'number')
		return Number.isInteger(number) && number >= MIN_MS && number < MAX_MS ? number : undefined;
	return typeof given === 'string' ? parseDate(given) : undefined;
}

function formatDay(moment: number | string, timeZone: string): string | undefined {
	if (typeof moment === 'string') return moment;
	const local = DateTime.fromMillis(moment, { zone: timeZone });
	return local.isValid ? local.toFormat('yyyy-MM-dd') : undefined;
}

function parseDate(given: string): number | string | undefined {
	const parts = DATES.map((form) => form.exec(given.replace(/ +/g, ' '))?.groups).find(Boolean);
	if (!parts) return undefined;
	const month = parts.monthNumber
		? Number(parts.monthNumber)
		: MONTHS.indexOf(parts.month.slice(0, 3).toLowerCase()) + 1;
	const day = DateTime.fromObject(
		{ year: Number(parts.year), month, day: Number(parts.day) },
		{ zone: 'utc' },
	);
	const hour = readHour(parts);
	if (!day.isValid || hour === undefined || !isWeekday(day, parts.weekday)) return undefined;
	if (!parts.utc && !parts.sign) return day.toFormat('yyyy-MM-dd');
	const offset = Number(parts.hours ?? 0) * 60 + Number(parts.minutes ?? 0);
	return day
		.plus({ hours: hour, minutes: Number(parts.minute), seconds: Number(parts.second ?? 0) })
		.minus({ minutes: parts.sign === '-' ? -offset : offset })
		.toMillis();
}

/** 0 to 23, 0 where the text has no time, undefined where its hour does not exist. */
function readHour({ hour = '0', half }: Record<string, string | undefined>): number | undefined {
	const given = Number(hour);
	if (!half) return given < 24 ? given : undefined;
	if (given < 1 || given > 12) return undefined;
	return (given % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
}

/** Whether a date falls on the weekday that the text names, if it names one. */
function isWeekday(day: DateTime, weekday: string | undefined): boolean {
	return weekday === undefined || WEEKDAYS[day.weekday - 1] === weekday.toLowerCase();
}
