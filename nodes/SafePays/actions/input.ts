import type { IDataObject } from 'n8n-workflow';
import { tryToParseDateTime } from 'n8n-workflow';

/** An input that can be judged without asking SafePays. `field` is the name that the user sees. */
export class InvalidInput extends Error {
	constructor(
		readonly field: string,
		problem: string,
		readonly nextStep: string,
	) {
		super(`"${field}" ${problem}`);
	}
}

export interface LineItem extends IDataObject {
	title: string;
	qty: number;
	/** For one piece, in major units (dollars, not cents). */
	price: number;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const ONLY_UUID = new RegExp(`^${UUID}$`, 'i');

export function isUuid(value: unknown): value is string {
	return typeof value === 'string' && ONLY_UUID.test(value);
}

/** Trimmed text; numbers become text, nothing becomes ''. */
export function text(value: unknown): string {
	if (value === undefined || value === null) return '';
	return (typeof value === 'object' ? JSON.stringify(value) : String(value)).trim();
}

export function requiredText(value: unknown, field: string, example: string): string {
	const given = text(value);
	if (given === '') throw new InvalidInput(field, 'is empty', `Enter a value, e.g. ${example}.`);
	return given;
}

/** Whether it could be an address; whether it exists only a mail server knows. */
export function email(value: unknown, field: string): string {
	const given = requiredText(value, field, 'john@example.com');
	if (!/^[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\.]+(\.[^\s@<>(),;:"[\]\\.]+)+$/.test(given)) {
		throw new InvalidInput(
			field,
			`is not an email address: ${quoted(given)}`,
			'Enter one address, e.g. john@example.com.',
		);
	}
	return given;
}

/**
 * The UUID in a resource locator's value, or in a plain string.
 *
 * @param page the path in front of the id in SafePays' own addresses, e.g. `pay`
 */
export function id(value: unknown, field: string, page: string): string {
	const given = requiredText(
		(value as { __rl?: boolean; value?: unknown } | null)?.__rl
			? (value as { value?: unknown }).value
			: value,
		field,
		'550e8400-e29b-41d4-a716-446655440000',
	);
	const inUrl = new RegExp(`^https?://\\S+/${page}/(${UUID})(?:[/?#]|$)`, 'i').exec(given)?.[1];
	const found = inUrl ?? given;
	if (!isUuid(found)) {
		throw new InvalidInput(
			field,
			`holds no SafePays ID: ${quoted(given)}`,
			`Enter the ID, e.g. 550e8400-e29b-41d4-a716-446655440000, or the whole address with /${page}/ in it.`,
		);
	}
	return found.toLowerCase();
}

/** A number in major units (dollars, not cents) above 0. */
export function amount(value: unknown, field: string): number {
	const given = number(value, field);
	if (given <= 0) {
		throw new InvalidInput(field, `has to be greater than 0, but is ${given}`, 'Enter an amount such as 200 or 19.90.');
	}
	return given;
}

/** A number, or text that is one. Loses the noise of binary fractions: 3 × 19.99 is 59.97. */
export function number(value: unknown, field: string): number {
	const given = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	if (typeof given !== 'number' || !Number.isFinite(given)) {
		throw new InvalidInput(
			field,
			`is not a number: ${quoted(text(value))}`,
			'Enter digits with a point for the decimals, e.g. 19.90.',
		);
	}
	return Number(given.toPrecision(15));
}

/** A complete http(s) address, or '' if none is given. */
export function url(value: unknown, field: string): string {
	const given = text(value);
	if (given === '') return '';
	if (!/^https?:\/\/[^\s/]/i.test(given) || !URL.canParse(given)) {
		throw new InvalidInput(
			field,
			`is not a web address: ${quoted(given)}`,
			'Enter a complete address that starts with https:// or http://.',
		);
	}
	return given;
}

/** An ISO currency code in capitals, or '' if none is given. */
export function currency(value: unknown): string {
	return text(value).toUpperCase();
}

/**
 * A date as SafePays wants it, `YYYY-MM-DD`, in the given time zone; '' if none is given.
 *
 * Takes what n8n can hold: a date, a date-time with or without zone, a Luxon DateTime, a JavaScript
 * date, milliseconds.
 */
export function date(value: unknown, field: string, timeZone: string): string {
	if (value === undefined || value === null || value === '') return '';
	const day = dayOf(value, timeZone);
	if (day === undefined) {
		throw new InvalidInput(
			field,
			`is not a date: ${quoted(text(value))}`,
			'Enter a date such as 2026-12-31, or an expression that gives one.',
		);
	}
	return day;
}

function dayOf(value: unknown, timeZone: string): string | undefined {
	// JavaScript's own parser, which n8n falls back to, makes dates of "1", true and 31 February.
	if (typeof value === 'boolean') return undefined;
	if (typeof value === 'string' && (!/\d{4}/.test(value) || isImpossibleDay(value))) return undefined;
	try {
		return tryToParseDateTime(typeof value === 'number' ? new Date(value) : wallClock(value), timeZone)
			.setZone(timeZone)
			.toFormat('yyyy-MM-dd');
	} catch {
		return undefined;
	}
}

/** "April 17, 2026" names a day wherever it is read; JavaScript would take it for midnight at the server. */
function wallClock(value: unknown): unknown {
	const namesZone = /^\s*\d{4}-?\d{2}|(Z|GMT|UTC|[+-]\d{2}:?\d{2})\s*$/i;
	if (typeof value !== 'string' || namesZone.test(value)) return value;
	const local = new Date(value);
	return new Date(Date.UTC(local.getFullYear(), local.getMonth(), local.getDate()))
		.toISOString()
		.slice(0, 10);
}

function isImpossibleDay(value: string): boolean {
	const [, year, month, dayOfMonth] = /^\s*(\d{4})-(\d{2})-(\d{2})/.exec(value) ?? [];
	if (year === undefined) return false;
	const parsed = new Date(Date.UTC(Number(year), Number(month) - 1, Number(dayOfMonth)));
	return parsed.getUTCMonth() !== Number(month) - 1 || parsed.getUTCDate() !== Number(dayOfMonth);
}

/** Line items from a fixed collection's list, an array, or JSON text of one; their sum is above 0. */
export function lineItems(value: unknown, field: string): LineItem[] {
	const list = typeof value === 'string' ? parsed(value) : value;
	if (!Array.isArray(list)) {
		throw new InvalidInput(
			field,
			typeof value === 'string' ? 'holds no list in valid JSON' : 'is not a list',
			'Enter a list such as [{ "title": "Monthly Plan", "qty": 1, "price": 200 }].',
		);
	}
	if (list.length === 0) {
		throw new InvalidInput(field, 'is empty', 'Add at least one line item, or price by amount.');
	}
	const items = list.map((item: IDataObject | null, index) => lineItem(item ?? {}, `${field} ${index + 1}`));
	amount(total(items), `Total of ${field}`);
	return items;
}

/** The sum of line items in major units. */
export function total(items: LineItem[]): number {
	return Number(items.reduce((sum, { qty, price }) => sum + qty * price, 0).toPrecision(15));
}

function lineItem(item: IDataObject, field: string): LineItem {
	const title = requiredText(item.title, `${field}: Title`, 'Monthly Plan');
	const qty = number(item.qty, `${field}: Quantity`);
	if (qty <= 0) {
		throw new InvalidInput(`${field}: Quantity`, `has to be greater than 0, but is ${qty}`, 'Enter a quantity such as 1.');
	}
	return { title, qty, price: number(item.price, `${field}: Price`) };
}

function parsed(json: string): unknown {
	if (json.trim() === '') return [];
	try {
		return JSON.parse(json) as unknown;
	} catch {
		return undefined;
	}
}

function quoted(given: string): string {
	return `"${given.length > 60 ? `${given.slice(0, 60)}…` : given}"`;
}
