const PRIVATE_HOST =
	/^([^.:]+|.+\.(localhost|local|internal|lan)|0\.0\.0\.0|(127|10)(\.\d+){3}|(192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))(\.\d+){2}|\[::1?\]|\[(f[cd]|fe80:|::ffff:).+\])$/i;

/** Whether an address means this machine or a private network, where SafePays cannot come from outside. */
export function isLocal(url: string): boolean {
	return URL.canParse(url) && PRIVATE_HOST.test(new URL(url).hostname.replace(/\.$/, ''));
}
