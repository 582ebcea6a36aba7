import type {
	IAuthenticate,
	ICredentialDataDecryptedObject,
	ICredentialType,
	IDataObject,
	IHttpRequestOptions,
	INodeProperties,
	Icon,
} from 'n8n-workflow';

const DEFAULT_BASE_URL = 'https://app.safepays.com';

/** The legacy names under which n8n's HTTP Request node still hands over a request. */
type RequestOptions = IHttpRequestOptions & { uri?: string };

/**
 * Signs a request in the way SafePays asks for ("Authentication"): `api_key` in the query string
 * of a GET, in the JSON body of a POST, never in a header.
 *
 * A request that names just a path gets the credential's base URL; any other URL stays as it is.
 * A request to another origin than the base URL's goes out unsigned, so that a mistyped or hostile
 * URL in an HTTP Request node cannot collect the key. n8n may call this twice for one request.
 */
async function authenticate(
	credentials: ICredentialDataDecryptedObject,
	requestOptions: IHttpRequestOptions,
): Promise<IHttpRequestOptions> {
	const options = requestOptions as RequestOptions;
	const baseUrl = baseUrlOf(credentials);
	const url = options.url ?? options.uri ?? '';
	if (!options.baseURL && isPath(url)) options.baseURL = baseUrl;
	if (originOf(url, options.baseURL) !== originOf(baseUrl)) return options;

	const apiKey = credentials.apiKey as string;
	if ((options.method ?? 'GET').toUpperCase() === 'POST') {
		options.body = signedBody(options.body, apiKey);
	} else {
		options.qs = { ...options.qs, api_key: apiKey };
	}
	return options;
}

/** The credential's base URL without trailing slashes. */
export function baseUrlOf(credentials: IDataObject | ICredentialDataDecryptedObject): string {
	const baseUrl = String(credentials.baseUrl ?? '').trim() || DEFAULT_BASE_URL;
	return baseUrl.replace(/\/+$/, '');
}

/** Neither `https://…` nor `//host/…`: what axios joins to a base URL instead of calling as it is. */
function isPath(url: string): boolean {
	return !/^([a-z][a-z\d+\-.]*:)?\/\//i.test(url);
}

function originOf(url: string, base?: string): string | undefined {
	const absolute = isPath(url) && base ? `${base.replace(/\/+$/, '')}/${url.replace(/^\/+/, '')}` : url;
	try {
		return new URL(absolute).origin;
	} catch {
		return undefined;
	}
}

function signedBody(body: IHttpRequestOptions['body'], apiKey: string): IHttpRequestOptions['body'] {
	if (body === undefined || body === null || body === '') return { api_key: apiKey };
	if (typeof body === 'string') {
		const parsed = parsedObject(body);
		return parsed ? JSON.stringify({ ...parsed, api_key: apiKey }) : body;
	}
	return isPlainObject(body) ? { ...body, api_key: apiKey } : body;
}

function parsedObject(text: string): IDataObject | undefined {
	try {
		const parsed: unknown = JSON.parse(text);
		return isPlainObject(parsed) ? parsed : undefined;
	} catch {
		return undefined;
	}
}

function isPlainObject(value: unknown): value is IDataObject {
	return Object.prototype.toString.call(value) === '[object Object]' && Object.getPrototypeOf(Object.getPrototypeOf(value) ?? {}) === null;
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
			description: 'The API key of your SafePays account. You find it in the SafePays dashboard.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: DEFAULT_BASE_URL,
			placeholder: 'e.g. http://127.0.0.1:4010',
			description:
				'Where SafePays is reached. Change it only to work with the local sandbox or a proxy.',
		},
		{
			displayName: 'Default Webhook URL',
			name: 'defaultWebhookUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/4f1c…/webhook',
			description:
				'Where SafePays sends the notification when an invoice is paid, for every invoice that names no Webhook URL of its own. Paste the production URL of your SafePays Trigger here.',
		},
	];

	authenticate: IAuthenticate = authenticate;
}
