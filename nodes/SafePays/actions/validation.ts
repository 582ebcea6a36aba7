import type { IDataObject } from 'n8n-workflow';

import { hasInvisible, trimInvisible } from '../../../credentials/invisible';
import { InvalidInput } from '../errors/invalidInput';
import { isWebAddress } from '../transport/addresses';
import { isUuid, UUID_PATTERN } from '../transport/uuid';
import { isObject } from '../unknownValues';

export interface LineItem extends IDataObject {
	title: string;
	qty: number;
	/** For one piece, in major units (dollars, not cents). */
	price: number;
}

/**
 * Text without what cannot be seen at its ends; numbers become text, nothing becomes `''`.
 *
 * @throws InvalidInput for an object or a list, which would go out as `[object Object]`
 */
export function readText(value: unknown, field: string): string {
	if (value === undefined || value === null) return '';
	if (typeof value === 'object' || Number.isNaN(value)) {
		throw new InvalidInput(
			field,
			`is not a text: ${quote(value)}`,
			'Enter a text, or an expression that gives one, such as {{ $json.name }}.',
		);
	}
	return trimInvisible(String(value));
}

/** @param example shown in the error, e.g. `Nathan Smith` */
export function readRequiredText(value: unknown, field: string, example: string): string {
	const given = readText(value, field);
	if (given === '') throw new InvalidInput(field, 'is empty', `Enter a value, e.g. ${example}.`);
	return given;
}

/** One of the values that a field offers. */
export function readChoice<T extends string>(
	value: unknown,
	field: string,
	allowed: readonly T[],
): T {
	const given = readText(value, field);
	const found = allowed.find((one) => one === given);
	if (found === undefined) {
		throw new InvalidInput(
			field,
			`has the unknown value ${quote(given)}`,
			`Choose from the list, or let the expression give one of: ${allowed.join(', ')}.`,
		);
	}
	return found;
}

const LOCAL_PART = String.raw`[^\s@<>(),;:"[\]\\.]+(?:\.[^\s@<>(),;:"[\]\\.]+)*`;
const DOMAIN_LABEL = String.raw`[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?`;
const EMAIL = new RegExp(String.raw`^${LOCAL_PART}@${DOMAIN_LABEL}(?:\.${DOMAIN_LABEL})+$`, 'u');

/** Checks the form alone: only a mail server knows whether the address exists. */
export function readEmail(value: unknown, field: string): string {
	const given = readRequiredText(value, field, 'nathan@example.com');
	if (!EMAIL.test(given) || hasInvisible(given)) {
		throw new InvalidInput(
			field,
			`is not an email address: ${quote(given)}`,
			'Enter one address, e.g. nathan@example.com.',
		);
	}
	return given;
}

/**
 * The UUID in a resource locator's value, or in a plain string.
 *
 * @param page the path in front of the id in SafePays' own addresses, e.g. `pay`
 */
export function readId(value: unknown, field: string, page: string): string {
	const given = readRequiredText(
		isObject(value) && value.__rl ? value.value : value,
		field,
		'550e8400-e29b-41d4-a716-446655440000',
	);
	if (/\/agency-checkout\//.test(given) && page === 'pay') {
		throw new InvalidInput(
			field,
			`is a payment link, which has no invoice ID in it: ${quote(given)}`,
			'Use the "id" of the created invoice instead of its "payment_link".',
		);
	}
	const inUrl = new RegExp(`^\\S+/${page}/(${UUID_PATTERN})(?:[/?#]|$)`).exec(given)?.[1];
	const found = inUrl ?? given;
	if (!isUuid(found) || hasInvisible(given)) {
		throw new InvalidInput(
			field,
			`holds no SafePays ID: ${quote(given)}`,
			`Enter the ID, e.g. 550e8400-e29b-41d4-a716-446655440000, or the whole address with /${page}/ in it.`,
		);
	}
	return found.toLowerCase();
}

/** Money above 0, in major units (dollars, not cents). */
export function readAmount(value: unknown, field: string): number {
	return assertAboveZero(readMoney(value, field), field);
}

/** Money of any sign in major units: a price may be a discount. Drops the noise of binary fractions: 0.1 + 0.2 is 0.3. */
export function readMoney(value: unknown, field: string): number {
	const given = readNumber(value, field);
	assertMoneyFits(given, field);
	const cents = Number(given.toFixed(2));
	// Sums of thousands of prices may be off by as much; a real third decimal is more.
	if (Math.abs(given - cents) > 1e-8 + Math.abs(given) * 1e-15) {
		throw new InvalidInput(
			field,
			`has more than two decimals: ${given}`,
			'Enter an amount such as 19.90, or round it in the expression, e.g. {{ $json.price.round(2) }}.',
		);
	}
	return cents;
}

/**
 * A number without the noise of binary fractions, also from text with at most two decimals:
 * `1.234` is 1.2 in one country, and 1,234 in another.
 */
export function readNumber(value: unknown, field: string): number {
	const given = typeof value === 'string' ? parseDecimal(value) : value;
	if (typeof given !== 'number' || !Number.isFinite(given)) {
		throw new InvalidInput(
			field,
			`is not a number: ${quote(value)}`,
			'Enter digits with a point and at most two decimals, e.g. 19.90.',
		);
	}
	return Number(given.toPrecision(15));
}

function parseDecimal(value: string): number | undefined {
	const given = trimInvisible(value);
	return /^-?\d+(\.\d{1,2})?$/.test(given) ? Number(given) : undefined;
}

/** A number from `min` to `max`; one that is out of range is refused, since another would surprise. */
export function readNumberWithin(value: unknown, field: string, min: number, max: number): number {
	const given = readNumber(value, field);
	if (given < min || given > max) {
		throw new InvalidInput(
			field,
			`must be from ${min} to ${max}, but is ${given}`,
			'Enter a number within these limits.',
		);
	}
	return given;
}

/** A whole number from `min` to `max`. */
export function readIntegerWithin(value: unknown, field: string, min: number, max: number): number {
	const given = readNumberWithin(value, field, min, max);
	if (!Number.isInteger(given)) {
		throw new InvalidInput(
			field,
			`must be a whole number, but is ${given}`,
			'Enter a number without decimals.',
		);
	}
	return given;
}

/** A complete http(s) address as `new URL` writes it, or `''` if none is given. */
export function readUrl(value: unknown, field: string): string {
	const given = readText(value, field);
	if (given === '') return '';
	if (!isWebAddress(given)) {
		throw new InvalidInput(
			field,
			`is not a web address: ${quote(given)}`,
			'Enter a complete address that starts with https:// or http://.',
		);
	}
	return new URL(given).href;
}

/** A currency's code in capitals, or `''` if none is given. */
export function readCurrency(value: unknown, field: string): string {
	const given = readText(value, field);
	if (given !== '' && !/^[a-z]{3}$/i.test(given)) {
		throw new InvalidInput(
			field,
			`is not a currency code: ${quote(given)}`,
			'Enter the three letters of the currency, e.g. USD.',
		);
	}
	return given.toUpperCase();
}

/** Line items from a fixed collection's list, an array, or JSON text of one; their sum is above 0. */
export function readLineItems(value: unknown, field: string): LineItem[] {
	const list = typeof value === 'string' ? parseJson(value) : value;
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
	const items = list.map((item: IDataObject | null, index) =>
		readLineItem(item ?? {}, `${field} ${index + 1}`),
	);
	const total = `Total of ${field}`;
	assertMoneyFits(assertAboveZero(sumLineItems(items), total), total);
	return items;
}

/** Above that, a JavaScript number cannot hold every cent. */
function assertMoneyFits(given: number, field: string): void {
	if (Math.abs(given) >= 1e12)
		throw new InvalidInput(field, `is too large: ${given}`, 'Enter an amount such as 19.90.');
}

/** The total of line items in major units. */
export function sumLineItems(items: LineItem[]): number {
	return Number(items.reduce((sum, { qty, price }) => sum + qty * price, 0).toPrecision(15));
}

/** `name` is what a line item's title is called in the answer of Get. */
function readLineItem({ title, name, qty, price }: IDataObject, field: string): LineItem {
	return {
		title: readRequiredText(title ?? name, `${field}: Title`, 'Monthly Plan'),
		qty: assertAboveZero(readNumber(qty, `${field}: Quantity`), `${field}: Quantity`),
		price: readMoney(price, `${field}: Price`),
	};
}

function assertAboveZero(given: number, field: string): number {
	if (given <= 0) {
		throw new InvalidInput(
			field,
			`must be more than 0, but is ${given}`,
			'Enter a number such as 200 or 19.90.',
		);
	}
	return given;
}

function parseJson(json: string): unknown {
	if (trimInvisible(json) === '') return [];
	try {
		return JSON.parse(trimInvisible(json));
	} catch {
		return undefined;
	}
}

/** A value as an error shows it, cut to what can be read. */
export function quote(value: unknown): string {
	const given = typeof value === 'object' ? JSON.stringify(value) : String(value);
	return `"${given.length > 60 ? `${given.slice(0, 60)}…` : given}"`;
}
