import type {
	IAuthenticate,
	ICredentialDataDecryptedObject,
	ICredentialType,
	IDataObject,
	IHttpRequestOptions,
	INodeProperties,
	Icon,
} from 'n8n-workflow';

import { hasInvisible, trimInvisible } from './invisible';

const DEFAULT_BASE_URL = 'https://app.safepays.com';
const DEFAULT_TRIGGER_PATH = 'safepays';

/** The legacy names under which n8n's HTTP Request node still hands over a request. */
type RequestOptions = IHttpRequestOptions & {
	uri?: string;
	followRedirect?: boolean;
	followAllRedirects?: boolean;
};

/**
 * Signs a request in the way SafePays asks for ("Authentication"): `api_key` in the query string
 * of a GET, in the JSON body of a POST, never in a header.
 *
 * A request that names just a path gets the credential's base URL; any other URL stays as it is.
 * A request to another origin than the base URL's goes out unsigned, so that a mistyped or hostile
 * URL in an HTTP Request node cannot collect the key. A signed request follows no redirect, which
 * would take the key in its body or query to another origin. n8n may call this twice for one request.
 */
async function authenticate(
	credentials: ICredentialDataDecryptedObject,
	requestOptions: IHttpRequestOptions,
): Promise<IHttpRequestOptions> {
	const options: RequestOptions = requestOptions;
	const baseUrl = getBaseUrl(credentials);
	const url = options.url ?? options.uri ?? '';
	if (!options.baseURL && isPath(url)) options.baseURL = baseUrl;
	if (getOrigin(url, options.baseURL) !== getOrigin(baseUrl)) return options;

	options.disableFollowRedirect = true;
	options.followRedirect = false;
	options.followAllRedirects = false;
	const apiKey = getApiKey(credentials);
	if ((options.method ?? 'GET').toUpperCase() === 'POST') {
		options.body = signBody(options.body, apiKey);
	} else {
		options.qs = { ...options.qs, api_key: apiKey };
	}
	return options;
}

type CredentialData = IDataObject | ICredentialDataDecryptedObject;

/** The API key without the blanks and line ends that copying leaves around it; `''` if there is none. */
export function getApiKey(credentials: CredentialData): string {
	return trimInvisible(String(credentials.apiKey ?? ''));
}

/** The credential's base URL without trailing slashes. */
export function getBaseUrl(credentials: CredentialData): string {
	const baseUrl = trimInvisible(String(credentials.baseUrl ?? '')) || DEFAULT_BASE_URL;
	return baseUrl.replace(/\/+$/, '');
}

/** The Path of the trigger that is notified of this account's payments, without slashes around it; `''` for none. */
export function getTriggerPath(credentials: CredentialData): string {
	const path = trimInvisible(String(credentials.triggerPath ?? DEFAULT_TRIGGER_PATH));
	return path.replace(/^\/+|\/+$/g, '');
}

/**
 * Whether a trigger can have this Path: no address, no query, nothing that leads out of n8n's webhooks,
 * and no `:name`, before which n8n puts an ID of its own.
 */
export function isTriggerPath(path: string): boolean {
	const isElsewhere = /^\/*webhook(-test)?\/|:\/\/|[?#\\]|(^|\/)(\.{1,2}(\/|$)|:)/i.test(path);
	return !isElsewhere && trimInvisible(path) === path && !hasInvisible(path.replaceAll(' ', ''));
}

/** Neither `https://…` nor `//host/…`: what axios joins to a base URL instead of calling as it is. */
function isPath(url: string): boolean {
	return !/^([a-z][a-z\d+\-.]*:)?\/\//i.test(url);
}

function getOrigin(url: string, base?: string): string | undefined {
	const absolute =
		isPath(url) && base ? `${base.replace(/\/+$/, '')}/${url.replace(/^\/+/, '')}` : url;
	try {
		return new URL(absolute).origin;
	} catch {
		return undefined;
	}
}

function signBody(body: IHttpRequestOptions['body'], apiKey: string): IHttpRequestOptions['body'] {
	if (body === undefined || body === null || body === '') return { api_key: apiKey };
	if (typeof body === 'string') {
		const parsed = parseObject(body);
		return parsed ? JSON.stringify({ ...parsed, api_key: apiKey }) : body;
	}
	return isPlainObject(body) ? { ...body, api_key: apiKey } : body;
}

function parseObject(text: string): IDataObject | undefined {
	try {
		const parsed: unknown = JSON.parse(text);
		return isPlainObject(parsed) ? parsed : undefined;
	} catch {
		return undefined;
	}
}

function isPlainObject(value: unknown): value is IDataObject {
	return (
		Object.prototype.toString.call(value) === '[object Object]' &&
		Object.getPrototypeOf(Object.getPrototypeOf(value) ?? {}) === null
	);
}

export class SafePaysApi implements ICredentialType {
	name = 'safePaysApi';

	displayName = 'SafePays API';

	icon: Icon = {
		light: 'file:../icons/safepays.light.svg',
		dark: 'file:../icons/safepays.dark.svg',
	};

	documentationUrl = 'https://github.com/n8n-nodes-safepays/n8n-nodes-safepays#credential';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'e.g. 7f3a…',
			description: 'In the SafePays dashboard: Settings > API Keys > Generate New API Key',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: DEFAULT_BASE_URL,
			placeholder: 'e.g. http://127.0.0.1:4010',
			description:
				'The address of SafePays. Change it only to work with the local sandbox or a proxy.',
		},
		{
			displayName: 'Trigger Path',
			name: 'triggerPath',
			type: 'string',
			default: DEFAULT_TRIGGER_PATH,
			placeholder: 'e.g. safepays',
			description:
				'The Path of the SafePays Trigger in this n8n that starts when an invoice of this account is paid. Leave it empty if there is none.',
		},
		{
			displayName: 'Default Webhook URL',
			name: 'defaultWebhookUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/safepays',
			description:
				'Only for a SafePays Trigger in another n8n, or a receiver of your own: the production URL to notify when an invoice is paid. Used instead of the Trigger Path.',
		},
	];

	authenticate: IAuthenticate = authenticate;
}
