import type {
	ICredentialDataDecryptedObject,
	IExecuteFunctions,
	IHttpRequestOptions,
	IWebhookFunctions,
} from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

import type { Redact } from './redact';
import { createRedactor } from './redact';
import type { SafePaysRequest } from './request';

/** What n8n gives to a node's `execute()` and `webhook()`: both can send requests. */
export type NodeContext = IExecuteFunctions | IWebhookFunctions;

export interface Answer {
	status: number;
	headers: Record<string, string | undefined>;
	/** Parsed if it was JSON, a string otherwise; without the API key, as are the headers. */
	body: unknown;
}

/** Why no answer came. */
export interface Failure {
	failure: 'unreachable' | 'interrupted';
	code: string;
}

/** What came of one request. */
export type Outcome = { answer: Answer } | Failure;

/** What a run has made once for many requests; without it, n8n reads the credential for each. */
export interface Sender {
	credentials?: ICredentialDataDecryptedObject;
	redact?: Redact;
	/** Ends the request early, as the user's cancelling does. */
	signal?: AbortSignal;
	/** Called with what a GET went out with, for callers that have not read the credential. */
	onSigned?: (apiKey: string, baseUrl: string) => void;
}

/** Codes of failures before SafePays can have read a request: DNS, connecting, refused certificates. */
const NEVER_SENT =
	/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*|ERR_TLS_CERT_.*|ERR_INVALID_URL)$/;

/** Node.js' words for the failure of an open connection, whose code may be one of connecting. */
const OF_OPEN_CONNECTION = /\b(read|write) E/;

/** OpenSSL's codes: a handshake has failed, unless they are about the data of an open connection. */
const TLS_ERROR = /^(EPROTO|ERR_SSL_.*)$/;
const TLS_ERROR_OF_DATA =
	/bad[_ ](record|write|length)|decrypt|unexpected[_ ]eof|shutdown|internal[_ ]error/i;

/** Node.js' words for a connection that ends during the handshake; the code is that of any reset. */
const CLOSED_DURING_HANDSHAKE = /before secure TLS connection was established/;

/**
 * The only place that talks HTTP. Sends one request through n8n's own helper, once, and returns
 * the outcome without throwing; whether it may be sent again is not decided here.
 *
 * Redirects are not followed: n8n's helper would turn the POST of a 302 into a GET, and send a
 * 307's body, with the API key, to wherever it points.
 */
export async function sendOnce(
	context: NodeContext,
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
		const redact = sender?.redact ?? createRedactor(getSentKey(options));
		return { answer: { status: statusCode, headers: redact(headers), body: redact(body) } };
	} catch (error) {
		const cause = findNetworkError(error);
		const code = timeout.aborted ? 'ETIMEDOUT' : (cause?.code ?? 'UNKNOWN');
		const neverSent =
			(NEVER_SENT.test(code) && !OF_OPEN_CONNECTION.test(cause?.message ?? '')) ||
			(!timeout.aborted && endsHandshake(cause));
		return { failure: neverSent ? 'unreachable' : 'interrupted', code };
	} finally {
		if (options.baseURL) sender?.onSigned?.(getSentKey(options), options.baseURL);
	}
}

/** The key that the credential has put into a GET: reading the credential again would cost a webhook an isolate. */
function getSentKey({ qs }: IHttpRequestOptions): string {
	return String(qs?.api_key ?? '');
}

/**
 * n8n's helper aborts a request when its caller has a cancel signal and the user cancels. A create
 * that is aborted may have happened, so the helper gets a caller without that signal.
 */
function withoutCancelling(
	context: NodeContext,
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

interface NetworkError {
	code: string;
	message: string;
}

/** The network's own error. n8n wraps axios' error, which may wrap Node's. */
function findNetworkError(error: unknown): NetworkError | undefined {
	for (let cause = error; cause instanceof Error; cause = cause.cause) {
		if ('code' in cause && typeof cause.code === 'string')
			return { code: cause.code, message: cause.message };
	}
	// Older n8n, 2.20 say, keeps no cause, but its code and its words.
	if (error instanceof NodeApiError && error.httpCode)
		return { code: error.httpCode, message: error.messages.join(' ') };
	return undefined;
}

/** Whether a connection ended before its TLS handshake was done, so that no request was read. */
function endsHandshake(error: NetworkError | undefined): boolean {
	if (!error) return false;
	if (CLOSED_DURING_HANDSHAKE.test(error.message)) return true;
	return TLS_ERROR.test(error.code) && !TLS_ERROR_OF_DATA.test(`${error.code} ${error.message}`);
}
