import { createHmac, timingSafeEqual } from 'crypto';

import type { IDataObject } from 'n8n-workflow';

import { isUuid } from '../transport/uuid';
import { readObject } from '../unknownValues';

/** What travels with an invoice in the query of its webhook URL, since SafePays has no field for it. */
interface Reference {
	uniqueKey?: string;
	/** By name. */
	metadata?: Record<string, string>;
}

/** What the API says of the invoice later, too, so that a query cannot be moved to another invoice. */
export interface BoundFields {
	/** The email address or the customer ID that is billed. */
	payer: string;
	/** Three letters. */
	currency: string;
	/** The sum of the line items in major units, before fees. */
	total: number;
}

/** Metadata as JSON, in bytes; more would not fit into a webhook URL. */
export const MAX_METADATA_BYTES = 1024;

/** Part of the signature: a later layout of the query cannot be taken for this one. */
const VERSION = '1';
const SIGNED = ['v', 'uniqueKey', 'metadata', 'payer', 'currency', 'total'] as const;
const FIELDS = [...SIGNED, 'signature'] as const;
/** Characters; a webhook URL has 2,000 at most. */
const LONGEST_VALUE = 2000;

type Query = Partial<Record<(typeof FIELDS)[number], string>>;

/** Metadata as it travels, in bytes. */
export function measureMetadata(metadata: Record<string, string>): number {
	return Buffer.byteLength(JSON.stringify(metadata));
}

/**
 * The query of the webhook URL of an invoice, without the question mark: unique key and metadata,
 * and a signature that binds them to payer, currency and total.
 *
 * @returns '' where there is neither a unique key nor metadata
 */
export function signQuery(
	{ uniqueKey = '', metadata = {}, payer, currency, total }: Reference & BoundFields,
	apiKey: string,
): string {
	const hasMetadata = Object.keys(metadata).length > 0;
	if (uniqueKey === '' && !hasMetadata) return '';
	const query: Query = { v: VERSION };
	if (uniqueKey !== '') query.uniqueKey = uniqueKey;
	// Base64: with every character escaped, a kilobyte of some alphabets would not fit into a URL.
	if (hasMetadata)
		query.metadata = Buffer.from(JSON.stringify(metadata), 'utf8').toString('base64url');
	query.payer = digestPayer(payer, apiKey);
	query.currency = normalizeCurrency(currency);
	query.total = formatTotal(total);
	query.signature = sign(query, apiKey);
	return new URLSearchParams(query).toString();
}

/**
 * What a webhook URL's query says, if it was signed with this key and the invoice agrees with it in
 * payer, currency and total, as far as the API gives these.
 *
 * @param query as it came with a notification: anything
 * @param invoice as the API gives it
 */
export function verifyQuery(
	query: unknown,
	invoice: IDataObject,
	apiKey: string,
): Reference | undefined {
	const picked = pickQuery(query);
	if (picked?.v !== VERSION || !isEqual(picked.signature ?? '', sign(picked, apiKey)))
		return undefined;
	if (!isBound(picked, invoice, apiKey)) return undefined;
	const reference: Reference = {};
	if (picked.uniqueKey !== undefined) reference.uniqueKey = picked.uniqueKey;
	if (picked.metadata !== undefined) {
		reference.metadata = JSON.parse(Buffer.from(picked.metadata, 'base64url').toString('utf8'));
	}
	return reference;
}

/** The part of a query that `verifyQuery` reads, at most 14 kB; undefined where nothing is signed. */
export function pickQuery(query: unknown): Query | undefined {
	const given = readObject(query);
	const picked: Query = {};
	for (const field of FIELDS) {
		const value = given[field];
		if (value === undefined) continue;
		if (typeof value !== 'string' || value.length > LONGEST_VALUE) return undefined;
		picked[field] = value;
	}
	return picked.signature === undefined ? undefined : picked;
}

function isBound({ payer, currency, total }: Query, invoice: IDataObject, apiKey: string): boolean {
	const { email, customer_id: customer, currency: billedIn, items, base_amount: base } = invoice;
	const billed = payer?.startsWith('customer') ? customer : email;
	if (isGiven(billed) && payer !== digestPayer(String(billed), apiKey)) return false;
	if (isGiven(billedIn) && currency !== normalizeCurrency(String(billedIn))) return false;
	if (isGiven(base) && total !== formatTotal(Number(base))) return false;
	return !Array.isArray(items) || total === formatTotal(sumItems(items));
}

function isGiven(value: unknown): boolean {
	return value !== undefined && value !== null && value !== '';
}

function sumItems(items: unknown[]): number {
	return items
		.map(readObject)
		.reduce((sum, { qty, price }) => sum + Number(qty) * Number(price), 0);
}

/** Whole cents, so that 0.1 + 0.2 is 0.3. */
function formatTotal(total: number): string {
	return (Math.round(Number((total * 100).toPrecision(15))) / 100).toFixed(2);
}

function normalizeCurrency(currency: string): string {
	return currency.trim().toUpperCase();
}

/** Hashed with the key, so that no email address gets into the logs of web servers. */
function digestPayer(payer: string, apiKey: string): string {
	const kind = isUuid(payer) ? 'customer' : 'email';
	return `${kind}-${computeHmac([kind, payer.trim().toLowerCase()], apiKey)}`;
}

/** JSON, so that no two lists of values are signed alike. */
function sign(query: Query, apiKey: string): string {
	return computeHmac(
		SIGNED.map((field) => query[field] ?? null),
		apiKey,
	);
}

function computeHmac(values: Array<string | null>, apiKey: string): string {
	return createHmac('sha256', apiKey).update(JSON.stringify(values)).digest('base64url');
}

function isEqual(given: string, expected: string): boolean {
	const [a, b] = [Buffer.from(given), Buffer.from(expected)];
	return a.length === b.length && timingSafeEqual(a, b);
}
