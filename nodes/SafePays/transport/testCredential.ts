import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	IDataObject,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { baseUrlOf } from '../../../credentials/SafePaysApi.credentials';
import { wordsOf } from './errors';
import { redactor } from './redact';

/** A UUID that no invoice has: asking for it proves the key without needing an invoice. */
const NO_INVOICE = '00000000-0000-4000-8000-000000000000';
const TIMEOUT_MS = 15_000;

/**
 * Tests a credential by asking for an invoice that does not exist: SafePays' own 404 means that the
 * key is good. A function and not a declared test, since that cannot tell SafePays' 404 from a
 * proxy's.
 */
export async function testCredential(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	const data = (credential.data ?? {}) as IDataObject;
	const apiKey = String(data.apiKey ?? '');
	const baseUrl = baseUrlOf(data);
	if (apiKey === '') return failed('Enter your API key');
	if (!/^https?:\/\//i.test(baseUrl) || !URL.canParse(baseUrl)) {
		return failed('The Base URL has to be a complete address, such as https://app.safepays.com');
	}
	// A credential test is given this helper and no other.
	const { helpers } = this;
	try {
		const { statusCode, body } = (await helpers.request({
			method: 'GET',
			uri: `${baseUrl}/api/v2/invoice/${NO_INVOICE}`,
			qs: { api_key: apiKey },
			json: true,
			simple: false,
			resolveWithFullResponse: true,
			followRedirect: false,
			timeout: TIMEOUT_MS,
		})) as { statusCode: number; body: unknown };
		return judge(statusCode, wordsOf({ body: redactor(apiKey)(body) }));
	} catch {
		return failed(`SafePays cannot be reached at ${new URL(baseUrl).origin}. Check the Base URL and the network of your n8n.`);
	}
}

function judge(status: number, said: string | undefined): INodeCredentialTestResult {
	if (said === undefined) {
		return failed(
			status >= 500
				? `SafePays, or a proxy before it, has a problem (status ${status}). Try again later.`
				: `What answers at the Base URL is not SafePays (status ${status}). Check the Base URL.`,
		);
	}
	if (status === 404 && said === 'Invoice not found') {
		return { status: 'OK', message: 'The API key works' };
	}
	if (status === 401) return failed(`SafePays does not accept the API key: ${said}`);
	if (status === 403) return failed(`SafePays denies access: ${said}`);
	if (status === 429) return failed(`SafePays' rate limit is reached, so the key could not be tested: ${said}`);
	if (status >= 500) return failed(`SafePays has a problem (status ${status}): ${said}. Try again later.`);
	return failed(`SafePays answered with status ${status}: ${said}. Check the Base URL.`);
}

function failed(message: string): INodeCredentialTestResult {
	return { status: 'Error', message };
}
