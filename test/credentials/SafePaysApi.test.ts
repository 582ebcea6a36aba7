import axios from 'axios';
import fc from 'fast-check';
import type { ICredentialDataDecryptedObject, IHttpRequestOptions } from 'n8n-workflow';

import { getApiKey, getBaseUrl, SafePaysApi } from '../../credentials/SafePaysApi.credentials';
import { SafePays } from '../../nodes/SafePays/SafePays.node';
import { testFunctions } from '../engine/credentialTest';
import { CLOSED_PORT } from '../../tools/harness/ports';
import { API_KEY, useSandbox } from '../support';

const BASE = 'https://app.safepays.com';

/** What keeps n8n from following a redirect, under its names of today and under its legacy ones. */
const NO_REDIRECT = {
	disableFollowRedirect: true,
	followRedirect: false,
	followAllRedirects: false,
};

/** A request as it goes out: n8n may authenticate it a second time. */
async function signed(
	options: Partial<IHttpRequestOptions> & { uri?: string },
	credentials: ICredentialDataDecryptedObject = {},
) {
	const { authenticate } = new SafePaysApi();
	if (typeof authenticate !== 'function') throw new Error('Not a function');
	return (await authenticate(
		{ apiKey: API_KEY, baseUrl: BASE, ...credentials },
		options as IHttpRequestOptions,
	)) as IHttpRequestOptions & { uri?: string };
}

describe('signing a request', () => {
	it('puts the key into the query of a GET, and nowhere else', async () => {
		expect(await signed({ method: 'GET', url: '/api/v2/invoice/1', qs: { a: 1 } })).toEqual({
			method: 'GET',
			url: '/api/v2/invoice/1',
			baseURL: BASE,
			qs: { a: 1, api_key: API_KEY },
			...NO_REDIRECT,
		});
	});

	it('puts the key into the body of a POST, and nowhere else', async () => {
		expect(await signed({ method: 'POST', url: '/api/v2/invoice', body: { amount: 1 } })).toEqual({
			method: 'POST',
			url: '/api/v2/invoice',
			baseURL: BASE,
			body: { amount: 1, api_key: API_KEY },
			...NO_REDIRECT,
		});
	});

	it.each([
		{ method: 'GET' as const, url: '/api/v2/invoice/1' },
		{ method: 'POST' as const, url: '/api/v2/invoice', body: { amount: 1 } },
		{ method: 'POST' as const, url: `${BASE}/api/v2/invoice`, body: '{"amount":1}' },
	])('changes nothing the second time: %j', async (options) => {
		const once = structuredClone(await signed(structuredClone(options)));
		expect(await signed(structuredClone(once))).toEqual(once);
	});

	it('leaves the caller’s body as it was', async () => {
		const body = { amount: 1 };
		await signed({ method: 'POST', url: '/api/v2/invoice', body });
		expect(body).toEqual({ amount: 1 });
	});

	it('leaves a complete URL as it is', async () => {
		const url = `${BASE}/api/v2/invoice/1`;
		expect(await signed({ url })).toEqual({ url, qs: { api_key: API_KEY }, ...NO_REDIRECT });
	});

	it('signs what n8n’s HTTP Request node hands over under its legacy name', async () => {
		expect(await signed({ method: 'GET', uri: `${BASE}/api/v2/invoice/1` })).toMatchObject({
			qs: { api_key: API_KEY },
		});
	});

	it('follows no redirect with the key, also where an HTTP Request node is set to', async () => {
		const options = { uri: `${BASE}/api`, followRedirect: true, followAllRedirects: true };
		expect(await signed(options)).toMatchObject(NO_REDIRECT);
	});

	it('signs a body that is JSON text, and one that is missing', async () => {
		const { body } = await signed({
			method: 'POST',
			url: '/api/v2/invoice',
			body: '{"amount": 1}',
		});
		expect(JSON.parse(String(body))).toEqual({ amount: 1, api_key: API_KEY });
		expect((await signed({ method: 'POST', url: '/api/v2/invoice' })).body).toEqual({
			api_key: API_KEY,
		});
	});

	it.each([['a=1&b=2'], ['[1]'], [new URLSearchParams({ a: '1' })], [Buffer.from('x')]])(
		'leaves a body alone that is no JSON object: %p',
		async (body) => {
			expect(
				(await signed({ method: 'POST', url: '/api/v2/invoice', body: body as never })).body,
			).toBe(body);
		},
	);

	it.each(['\n', '\r\n', ' ', '\u200b', '\u00a0', '\ufeff'])(
		'signs with the key alone where %j stands around it, also for the HTTP Request node',
		async (blank) => {
			const apiKey = `${blank}${API_KEY}${blank}`;
			expect(getApiKey({ apiKey })).toBe(API_KEY);
			expect((await signed({ uri: `${BASE}/api/v2/invoice/1` }, { apiKey })).qs).toEqual({
				api_key: API_KEY,
			});
			expect((await signed({ method: 'POST', url: '/api/v2/invoice' }, { apiKey })).body).toEqual({
				api_key: API_KEY,
			});
		},
	);

	it.each([
		['', BASE],
		['\u200b', BASE],
		[undefined, BASE],
		[`${BASE}/`, BASE],
		[' http://127.0.0.1:4010// ', 'http://127.0.0.1:4010'],
	])('takes the base URL %p for %s', (baseUrl, expected) =>
		expect(getBaseUrl({ baseUrl })).toBe(expected),
	);
});

/** Where axios, which n8n sends with, goes. */
function originCalled(url: string, baseURL?: string): string {
	try {
		return new URL(axios.getUri({ url, baseURL })).origin;
	} catch {
		// It refuses to call such an address.
		return 'nowhere';
	}
}

describe('a request to any other host', () => {
	const expectNoKey = async (url: string, method: 'GET' | 'POST' = 'GET') => {
		const options = await signed({ method, url, ...(method === 'POST' && { body: {} }) });
		const origin = originCalled(url, options.baseURL);
		if (origin !== 'nowhere' && origin !== BASE)
			expect(JSON.stringify(options)).not.toContain(API_KEY);
		return origin;
	};

	it.each([
		'https://evil.example/api/v2/invoice',
		'//evil.example/api/v2/invoice',
		'https://app.safepays.com@evil.example/',
		'https://app.safepays.com:secret@evil.example/',
		'https://app.safepays.com.evil.example/',
		'https://evil.example/https://app.safepays.com/',
		'https://evil.example\\@app.safepays.com/',
		'HTTPS://EVIL.EXAMPLE/',
		'http://app.safepays.com/api/v2/invoice',
		'https://app.safepays.com:8443/api/v2/invoice',
		'ftp://app.safepays.com/',
	])('never gets the key: %s', async (url) => {
		for (const method of ['GET', 'POST'] as const)
			expect(await expectNoKey(url, method)).not.toBe(BASE);
	});

	it.each([
		'HTTPS://APP.SAFEPAYS.COM/api',
		'https://app.safepays.com:443/api',
		'https://user:pass@app.safepays.com/api',
	])('is not one: %s', async (url) => {
		expect((await signed({ url })).qs).toEqual({ api_key: API_KEY });
	});

	it('never gets the key, however the URL is put together', async () => {
		const hosts = 'app.safepays.com APP.SAFEPAYS.COM evil.example';
		const signs = 'https: http: HTTPS: // / \\ @ : 443 80 # ? . %2f %40 api/v2';
		const part = fc.constantFrom(' ', '\t', ...`${hosts} ${signs}`.split(' '));
		await fc.assert(
			fc.asyncProperty(
				fc.array(part, { maxLength: 9 }),
				fc.constantFrom('GET' as const, 'POST' as const),
				async (parts, method) => {
					await expectNoKey(parts.join(''), method);
				},
			),
			{ numRuns: 2000 },
		);
	});
});

describe('testing the credential', () => {
	const sandbox = useSandbox();
	const test = async (data: ICredentialDataDecryptedObject) => {
		const { testCredential } = new SafePays().methods.credentialTest;
		const result = await testCredential.call(testFunctions(), {
			id: '1',
			name: 'SafePays',
			type: 'safePaysApi',
			data,
		});
		expect(JSON.stringify(result)).not.toContain(API_KEY);
		return result;
	};
	const good = () => ({ apiKey: API_KEY, baseUrl: `${sandbox.url}/` });

	it.each([
		'',
		' \n',
		'https://n8n.example.com/webhook/safepays',
		'http://10.0.0.1/n8n/webhook/x\n',
	])('accepts the Default Webhook URL %j', async (defaultWebhookUrl) => {
		expect(await test({ ...good(), defaultWebhookUrl })).toMatchObject({ status: 'OK' });
	});

	it.each(['\n', '\r\n', ' ', '\u200b', '\ufeff'])(
		'accepts a good key with %j around it',
		async (blank) => {
			expect(await test({ ...good(), apiKey: `${blank}${API_KEY}${blank}` })).toMatchObject({
				status: 'OK',
			});
		},
	);

	it('accepts a good key', async () => {
		expect(await test(good())).toMatchObject({ status: 'OK' });
		expect(sandbox.books.invoices.size).toBe(0);
	});

	it('refuses a wrong key', async () => {
		expect(await test({ ...good(), apiKey: 'another-key' })).toEqual({
			status: 'Error',
			message: 'SafePays does not accept the API key: Invalid API Key',
		});
	});

	it('refuses a banned account', async () => {
		expect(await test({ ...good(), apiKey: 'sandbox-banned-key' })).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('This vendor account has been banned.') as unknown,
		});
	});

	it.each([
		[{ kind: 'status', status: 429 }, /rate limit/],
		[{ kind: 'status', status: 500 }, /status 500/],
		[{ kind: 'status', status: 502 }, /Payment provider error/],
		[{ kind: 'html', status: 503 }, /proxy before it, answered with status 503/],
		[{ kind: 'html', status: 404 }, /not SafePays \(status 404\)/],
		[{ kind: 'html', status: 200 }, /not SafePays \(status 200\)/],
		[{ kind: 'wrongShape', status: 404 }, /not SafePays/],
		[{ kind: 'wrongShape' }, /not SafePays/],
		[{ kind: 'emptyBody', status: 404 }, /not SafePays/],
		[{ kind: 'redirect' }, /not SafePays \(status 302\)/],
		[{ kind: 'echoKey', status: 401 }, /\*\*\*/],
		[{ kind: 'resetBefore' }, /does not answer at http:/],
		[{ kind: 'status', status: 404, message: 'Not found' }, /Check the Base URL/],
	] as const)('says which it is: %j', async (fault, words) => {
		sandbox.addFault(fault);
		const { status, message } = await test(good());
		expect(status).toBe('Error');
		expect(message).toMatch(words);
	});

	it('does not repeat a key that the answer shows as it was sent', async () => {
		sandbox.addFault({
			kind: 'status',
			status: 404,
			message: 'No /api/v2/invoice?api_key=a%2Bkey%2Fwith%3Dsigns',
		});
		expect((await test({ ...good(), apiKey: 'a+key/with=signs' })).message).toContain(
			'?api_key=***',
		);
	});

	it('says that nothing listens there', async () => {
		const baseUrl = `http://127.0.0.1:${CLOSED_PORT}`;
		expect((await test({ ...good(), baseUrl })).message).toContain(
			`SafePays does not answer at ${baseUrl}`,
		);
	});

	it.each([
		[{ apiKey: '' }, /Enter your API key/],
		[{ apiKey: '\u200b\n' }, /Enter your API key/],
		[{ baseUrl: 'app.safepays.com' }, /The Base URL has no https:\/\/ in front of it/],
		[{ baseUrl: 'http://' }, /The Base URL is not an address/],
		[{ defaultWebhookUrl: 'n8n.example.com/webhook/safepays' }, /is not a complete address/],
		[{ defaultWebhookUrl: 'https://n8n.example.com/web hook' }, /is not a complete address/],
		[{ defaultWebhookUrl: 'https://n8n.example.com/webhook-test/safepays' }, /is a test URL/],
		[{ triggerPath: 'https://n8n.example.com/webhook/x' }, /Trigger Path is not/],
		[{ defaultWebhookUrl: 'https://n8n.example.com/' }, /has no path/],
		[{ defaultWebhookUrl: 'https://n8n.example.com?a=b' }, /has no path/],
	])('asks nobody if the fields cannot be right: %j', async (data, words) => {
		expect((await test({ ...good(), ...data })).message).toMatch(words);
		expect(sandbox.requests).toEqual([]);
	});
});
