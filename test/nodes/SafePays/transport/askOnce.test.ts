import type { IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';

import { SafePaysApi } from '../../../../credentials/SafePaysApi.credentials';
import { askOnce } from '../../../../nodes/SafePays/transport/askOnce';
import { type Turn } from '../../../../nodes/SafePays/transport/rateLimit';
import { joinAccount } from '../../../../nodes/SafePays/transport/accounts';
import { buildGetInvoice } from '../../../../nodes/SafePays/transport/request';
import { API_KEY, asked, UNKNOWN_ID, useSandbox } from '../../../support';

const sandbox = useSandbox();
const { authenticate } = new SafePaysApi();

/** What n8n hands to a webhook, as far as a question needs it: a helper that signs and sends. */
function makeContext(credentialId = '1'): IWebhookFunctions {
	const httpRequestWithAuthentication = async (_: string, options: IHttpRequestOptions) => {
		const credentials = { apiKey: API_KEY, baseUrl: sandbox.url };
		if (typeof authenticate === 'function') await authenticate(credentials, options);
		const url = new URL(options.url, options.baseURL);
		url.searchParams.set('api_key', String(options.qs?.api_key));
		const response = await fetch(url, { signal: options.abortSignal as AbortSignal });
		const headers = { 'retry-after': response.headers.get('retry-after') ?? undefined };
		return { statusCode: response.status, headers, body: await response.json() };
	};
	return {
		getNode: () => ({ id: 'node', credentials: { safePaysApi: { id: credentialId, name: '' } } }),
		getWorkflow: () => ({ id: 'workflow' }),
		helpers: { httpRequestWithAuthentication },
	} as unknown as IWebhookFunctions;
}

const ask = async (credentialId?: string, timeoutSeconds = 2) =>
	await askOnce(makeContext(credentialId), buildGetInvoice(UNKNOWN_ID), timeoutSeconds);
const answered = { answer: { status: 404 } };
const join = (maxInFlight: number) => joinAccount(API_KEY, sandbox.url, maxInFlight);

describe('a question that cannot read its credential', () => {
	it('tells all runs of the account of a 429, from the first one on', async () => {
		sandbox.setRateLimit({ requests: 1, windowSeconds: 60 });
		expect(await ask()).toMatchObject(answered);
		expect(await ask()).toMatchObject({ answer: { status: 429 } });
		expect(await join(10).acquire({ leftMs: 5000 })).toHaveProperty('tooLongMs');
		// Another credential with the same key learns of it by its own first answer.
		expect(await ask('2')).toMatchObject({ answer: { status: 429 } });
	});

	it('is given up at once, and not sent, where the limit lasts longer than it may take', async () => {
		expect(await ask()).toMatchObject(answered);
		const turn = (await join(10).acquire({ leftMs: 0 })) as Turn;
		turn.end({ status: 429, headers: { 'retry-after': '30' }, body: {} });
		const begun = Date.now();
		const { tooLongMs } = (await ask()) as { tooLongMs: number };
		expect(tooLongMs).toBeGreaterThan(29_000);
		expect(Date.now() - begun).toBeLessThan(500);
		expect(asked(sandbox)).toHaveLength(1);
	});

	it('gets its turn in the midst of a batch', async () => {
		await ask();
		const batch = join(10);
		const turns: Turn[] = [];
		for (let n = 0; n < 50; n++)
			void batch.acquire({ leftMs: 0 }).then((turn) => turns.push(turn as Turn));
		const question = ask();
		await new Promise(setImmediate);
		expect(turns).toHaveLength(10);
		for (const turn of turns.slice(0, 2)) turn.end({ status: 201, headers: {}, body: {} });
		expect(await question).toMatchObject(answered);
		batch.cancel();
	});

	it('is given up when its time is over before it has a turn, and gives its place back', async () => {
		await ask();
		const batch = join(10);
		const turns = await Promise.all(
			Array.from({ length: 10 }, async () => (await batch.acquire({ leftMs: 0 })) as Turn),
		);
		expect(await ask('1', 0.1)).toEqual({ tooLongMs: 0 });
		for (const turn of turns) turn.end();
		expect(await ask()).toMatchObject(answered);
		expect(asked(sandbox)).toHaveLength(2);
	});
});
