/** Removes the API key from texts, and from the texts in an answer. */
export type Redact = <T>(value: T) => T;

/** A key shorter than this would be found in innocent words. */
const SHORTEST_KEY = 6;

const PLACEHOLDER = '***';

/**
 * SafePays has no reason to send the key back, but whatever stands before it may show the address
 * that it was asked for: the key as it is, or escaped for a URL, in JSON or in HTML, also repeatedly.
 */
export function createRedactor(apiKey: string): Redact {
	if (apiKey.length < SHORTEST_KEY) return (value) => value;
	const key = new RegExp([...apiKey].map(escapedForms).join(''), 'gi');
	const redact = (value: unknown): unknown => {
		if (typeof value === 'string') return value.replace(key, PLACEHOLDER);
		if (Array.isArray(value)) return value.map(redact);
		if (typeof value !== 'object' || value === null) return value;
		return Object.fromEntries(
			Object.entries(value).map(([name, entry]) => [redact(name), redact(entry)]),
		);
	};
	return redact as Redact;
}

/** A regular expression for one character of the key: in all its escaped forms. */
function escapedForms(character: string): string {
	if (/[a-z\d]/i.test(character)) return character;
	const code = (character.codePointAt(0) as number).toString(16);
	const urlEncoded = /[\0-\x7f]/.test(character)
		? `%${code.padStart(2, '0')}`
		: encodeURIComponent(character);
	// The longest first. The % of an escaped character is itself escaped as %25, & as &amp;, both a few
	// times at most: what is unbounded can be made to take long.
	const ways = [
		urlEncoded.replaceAll('%', '%(?:25){0,4}'),
		`u${code.padStart(4, '0')}`,
		'&(?:amp;){0,4}(?:#\\w{1,6}|[a-z]{1,6});',
		character === ' ' ? '[ +]' : character.replace(/[^\w\s]/, '\\$&'),
	];
	const backslash = '(?:\\\\|%(?:25){0,4}5c)';
	return character === '\\'
		? `(?:${backslash}|&#\\w{1,6};){1,8}`
		: `${backslash}{0,8}(?:${ways.join('|')})`;
}
