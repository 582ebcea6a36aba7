import fc from 'fast-check';

import { createRedactor } from '../../../../nodes/SafePays/transport/redact';

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
		fc.assert(
			fc.property(key, (apiKey) => {
				const redacted = createRedactor(apiKey)(`GET /x?api_key=${escape(apiKey)} HTTP`);
				expect(redacted).toMatch(/^GET \/x\?api_key=\\*\*\*\* HTTP$/);
			}),
		);
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

it('ends soon, whatever it reads', () => {
	const redact = createRedactor('\\"&%+'.repeat(20));
	for (const sign of ['\\', '%25', '&amp;', '\\"&%+'])
		expect(redact(sign.repeat(2000)).length).toBeGreaterThan(0);
});
