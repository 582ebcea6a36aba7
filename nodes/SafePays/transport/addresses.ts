import { hasInvisible } from '../../../credentials/invisible';

const PRIVATE_HOST =
	/^([^.:]+|.+\.(localhost|local|internal|lan|home\.arpa)|0\.0\.0\.0|(127|10)(\.\d+){3}|(192\.168|169\.254|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))(\.\d+){2}|\[::1?\]|\[(f[cd]|fe[89ab]|::ffff:).+\])$/i;

/** What to do where `isOutOfReach` is true of an address of this n8n. */
export const PUBLIC_ADDRESS_ADVICE =
	'Give your n8n a public address (the environment variable N8N_WEBHOOK_URL, or WEBHOOK_URL in older versions).';

/** Whether a text is a complete http(s) address. */
export function isWebAddress(text: string): boolean {
	return /^https?:\/\/[^/]/i.test(text) && !hasInvisible(text) && URL.canParse(text);
}

/** Whether SafePays cannot call an address: it is private, and the base URL of SafePays is not. */
export function isOutOfReach(url: string, baseUrl: string): boolean {
	return isLocal(url) && !isLocal(baseUrl);
}

/** Whether an address means this machine or a private network. */
export function isLocal(url: string): boolean {
	return URL.canParse(url) && PRIVATE_HOST.test(new URL(url).hostname.replace(/\.$/, ''));
}
