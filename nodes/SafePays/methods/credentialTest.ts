import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { trimInvisible } from '../../../credentials/invisible';
import {
	getApiKey,
	getBaseUrl,
	getTriggerPath,
	isTriggerPath,
} from '../../../credentials/SafePaysApi.credentials';
import { isWebAddress } from '../transport/addresses';
import { getApiErrorMessage } from '../transport/requestError';
import { createRedactor } from '../transport/redact';

/** A UUID that no invoice has: asking for it proves the key without needing an invoice. */
const NO_INVOICE = '00000000-0000-4000-8000-000000000000';
const TIMEOUT_MS = 15_000;

/**
 * Tests a credential by asking for an invoice that does not exist: SafePays' own 404 means that the
 * key is good. A function and not a declared test, since that takes a proxy's 404 for
 * SafePays' own.
 */
export async function testCredential(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	const { data = {} } = credential;
	const apiKey = getApiKey(data);
	const baseUrl = getBaseUrl(data);
	const invalid = findInvalidField(data);
	if (invalid !== undefined) return fail(invalid);
	// A credential test is given this helper and no other.
	const { helpers } = this;
	try {
		const { statusCode, body }: { statusCode: number; body: unknown } = await helpers.request({
			method: 'GET',
			uri: `${baseUrl}/api/v2/invoice/${NO_INVOICE}`,
			qs: { api_key: apiKey },
			json: true,
			simple: false,
			resolveWithFullResponse: true,
			followRedirect: false,
			timeout: TIMEOUT_MS,
		});
		return readAnswer(statusCode, getApiErrorMessage({ body: createRedactor(apiKey)(body) }));
	} catch {
		return fail(
			`SafePays does not answer at ${new URL(baseUrl).origin}. Check the Base URL and the network of your n8n.`,
		);
	}
}

/** What is not valid in the fields, found without a request. */
function findInvalidField(data: ICredentialDataDecryptedObject): string | undefined {
	if (getApiKey(data) === '') return 'Enter your API key';
	const baseUrl = getBaseUrl(data);
	if (!/^https?:/i.test(baseUrl)) {
		return 'The Base URL has no https:// in front of it. Enter a complete address, such as https://app.safepays.com.';
	}
	if (!isWebAddress(baseUrl)) {
		return 'The Base URL is not an address. Enter a complete one, such as https://app.safepays.com.';
	}
	if (!isTriggerPath(getTriggerPath(data))) {
		return 'The Trigger Path is not the Path of a trigger. Enter that Path alone, such as safepays, or use the Default Webhook URL for a whole address.';
	}
	const url = trimInvisible(String(data.defaultWebhookUrl ?? ''));
	if (url === '') return undefined;
	if (!isWebAddress(url)) {
		return 'The Default Webhook URL is not a complete address. Copy the production URL of the trigger, which starts with https://.';
	}
	const { pathname } = new URL(url);
	if (/\/webhook-test(\/|$)/.test(pathname)) {
		return 'The Default Webhook URL is a test URL, which n8n answers only while you listen in the editor. Copy the production URL, with /webhook/ in it.';
	}
	if (pathname === '/') {
		return 'The Default Webhook URL has no path, so it leads to no trigger. Copy the whole production URL of the trigger.';
	}
	return undefined;
}

function readAnswer(status: number, said: string | undefined): INodeCredentialTestResult {
	if (said === undefined) {
		return fail(
			status >= 500
				? `SafePays, or a proxy before it, answered with status ${status} and no JSON of SafePays. Try again later.`
				: `What answers at the Base URL is not SafePays (status ${status}). Check the Base URL.`,
		);
	}
	if (status === 404 && said === 'Invoice not found') {
		return { status: 'OK', message: 'The API key works' };
	}
	if (status === 401) return fail(`SafePays does not accept the API key: ${said}`);
	if (status === 403) return fail(`SafePays denies access: ${said}`);
	if (status === 429)
		return fail(`SafePays' rate limit is reached, so the key could not be tested: ${said}`);
	if (status >= 500)
		return fail(`SafePays answered with status ${status}: ${said}. Try again later.`);
	return fail(`SafePays answered with status ${status}: ${said}. Check the Base URL.`);
}

function fail(message: string): INodeCredentialTestResult {
	return { status: 'Error', message };
}
