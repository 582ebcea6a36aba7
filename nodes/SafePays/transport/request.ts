import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	IHttpRequestOptions,
	IWebhookFunctions,
} from 'n8n-workflow';

import type { Redact } from './redact';
import { redactor } from './redact';

/** One call of the SafePays API: what an operation makes of an item's parameters. */
export interface SafePaysRequest {
	method: 'GET' | 'POST';
	/** Below the credential's base URL, e.g. `/api/v2/invoice`. */
	path: string;
	body?: IDataObject;
	/** The key of the answer that holds the record asked for. */
	record: 'customer' | 'invoice';
	/** What a person would look for in SafePays, e.g. "an invoice of 200 USD to john@example.com". */
	summary: string;
}

export interface Answer {
	status: number;
	headers: Record<string, string | undefined>;
	/** Parsed if it was JSON, a string otherwise; without the API key. */
	body: unknown;
}

/** What came of one request: an answer, or none. */
export type Outcome = { answer: Answer } | { failure: 'unreachable' | 'interrupted'; code: string };

/** What a run has made once for many requests. */
export interface Sender {
	credentials: ICredentialDataDecryptedObject;
	redact: Redact;
	/** Ends the request early, as the user's cancelling does. */
	signal?: AbortSignal;
}

/** Codes of failures before a request can have been read by SafePays: DNS, connect, refused certificates. */
const NEVER_SENT =
	/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*|ERR_TLS_CERT_.*|ERR_INVALID_URL)$/;

/**
 * The only place that talks HTTP. Sends one request through n8n's own helper, once, and tells what
 * came of it without throwing; whether it may be sent again is not decided here.
 *
 * Redirects are not followed: n8n's helper would turn the POST of a 302 into a GET, and send a
 * 307's body, with the API key, to wherever it points.
 *
 * @param sender left out, n8n reads the credential for this request
 */
export async function sendOnce(
	context: IExecuteFunctions | IWebhookFunctions,
	request: SafePaysRequest,
	timeoutSeconds: number,
	sender?: Sender,
): Promise<Outcome> {
	const timeout = AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000));
	const options: IHttpRequestOptions = {
		method: request.method,
		url: request.path,
		// A copy: the credential adds the API key to it.
		body: request.body && { ...request.body },
		json: true,
		disableFollowRedirect: true,
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		abortSignal: sender?.signal ? AbortSignal.any([sender.signal, timeout]) : timeout,
	};
	try {
		const { statusCode, headers, body } = await context.helpers.httpRequestWithAuthentication.call(
			withoutCancelling(context, sender?.credentials),
			'safePaysApi',
			options,
		);
		const redact = sender?.redact ?? redactor(keyIn(options));
		return { answer: { status: statusCode, headers, body: redact(body) } };
	} catch (error) {
		const code = timeout.aborted ? 'ETIMEDOUT' : codeOf(error);
		return { failure: NEVER_SENT.test(code) ? 'unreachable' : 'interrupted', code };
	}
}

/** The key that the credential has put into a GET: to read the credential once more would cost a webhook an isolate. */
function keyIn({ qs }: IHttpRequestOptions): string {
	return String(qs?.api_key ?? '');
}

/**
 * n8n's helper aborts a request when its caller has a cancel signal and the user cancels. A create
 * that is cut off may have happened, so the helper is called as somebody without that signal.
 */
function withoutCancelling(
	context: IExecuteFunctions | IWebhookFunctions,
	credentials?: ICredentialDataDecryptedObject,
): IExecuteFunctions {
	const caller: Pick<IExecuteFunctions, 'getCredentials' | 'getNode' | 'helpers' | 'logger'> = {
		getCredentials: async <T extends object>(type: string) =>
			(credentials as T) ?? (await context.getCredentials<T>(type)),
		getNode: () => context.getNode(),
		helpers: context.helpers as IExecuteFunctions['helpers'],
		logger: context.logger,
	};
	return caller as IExecuteFunctions;
}

/** The network's error code. n8n wraps axios' error, which may wrap Node's. */
function codeOf(error: unknown): string {
	for (let cause = error; cause instanceof Error; cause = cause.cause) {
		const { code } = cause as { code?: unknown };
		if (typeof code === 'string') return code;
	}
	return 'UNKNOWN';
}
