import fc from 'fast-check';

import { createRedactor } from '../../../../nodes/SafePays/transport/redact';
import { holds } from '../../../support/holds';

const html = (text: string) =>
	text
		.replaceAll('&', '&amp;')
		.replaceAll('"', '&quot;')
		.replaceAll("'", '&#39;')
		.replaceAll('<', '&lt;')
		.replaceAll('+', '&#x2B;');
const json = (text: string) => JSON.stringify(text).slice(1, -1);
const form = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
const lowerCase = (text: string) =>
	encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase());

const ESCAPES: Record<string, (text: string) => string> = {
	'as it is': (text) => text,
	'in a URL': encodeURIComponent,
	'in a URL, in lower case': lowerCase,
	'in a form': form,
	'in JSON': json,
	'in JSON in JSON': (text) => json(json(text)),
	'in HTML': html,
	'in a URL in a URL': (text) => encodeURIComponent(encodeURIComponent(text)),
	'in a URL in HTML': (text) => html(encodeURIComponent(text)),
	'in JSON in a URL': (text) => encodeURIComponent(json(text)),
	'in JSON with other letters than ASCII escaped': (text) =>
		json(text).replace(/[&<>'+=]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
};

describe.each(Object.entries(ESCAPES))('a key %s', (_name, escape) => {
	it('is taken out, and nothing else is', () => {
		const key = fc
			.string({ minLength: 6, maxLength: 40, unit: 'grapheme-ascii' })
			.filter((text) => /[a-z\d]{3}/i.test(text));
		holds(key, (apiKey) => {
			const redacted = createRedactor(apiKey)(`GET /x?api_key=${escape(apiKey)} HTTP`);
			expect(redacted).toMatch(/^GET \/x\?api_key=\\*\*\*\* HTTP$/);
		});
	});
});

describe('a key that looks like something encoded, and was decoded', () => {
	it.each([
		['a%7Cb+c%C3%A9d%e9%41e%0Af', 'a|b+c\u00e9d\ufffdAe\nf'],
		['a%7Cb+c%C3%A9d%e9%41e%0Af', 'a|b c\u00e9d\u00e9Ae\nf'],
		['a%22b%5Cc', 'a"b\\c'],
		['%C3%A9%C3%A9', '\u00e9\u00e9'],
	])('%s is taken out of %j, and nothing else is', (key, decoded) => {
		const redact = createRedactor(key);
		for (const escape of Object.values(ESCAPES)) {
			const redacted = redact(`GET /x?api_key=${escape(decoded)} HTTP`);
			expect(redacted).toMatch(/^GET \/x\?api_key=\*\*\* HTTP$/);
		}
	});
});

it('takes it out of every text of an answer, and out of the names of fields', () => {
	const redact = createRedactor('the-key');
	expect(redact({ a: ['the-key', 1, null, { 'the-key': true }], b: 'no key' })).toEqual({
		a: ['***', 1, null, { '***': true }],
		b: 'no key',
	});
	expect(redact('')).toBe('');
	expect(redact(undefined)).toBeUndefined();
});

it('leaves texts alone where the key is so short that innocent words hold it', () => {
	expect(createRedactor('key')('no key')).toBe('no key');
	expect(createRedactor('')('no key')).toBe('no key');
});

it.each(['\\"&%+', '%e9%5c+%41', '%e9%e9', '+'])('ends soon, whatever it reads: %s', (part) => {
	const redact = createRedactor(part.repeat(20));
	for (const sign of ['\\', '%25', '&amp;', '%5c', '%5cn', '\u00e9', part])
		expect(redact(sign.repeat(2000)).length).toBeGreaterThan(0);
});
