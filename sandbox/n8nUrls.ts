/** Where n8n's editor listens while it waits for a test event, beside its production webhooks. */
const PRODUCTION_PATH = '/webhook/';
const TEST_PATH = '/webhook-test/';

export function isTestUrl(url: string): boolean {
	return new URL(url).pathname.includes(TEST_PATH);
}

/** The test URL that belongs to a production URL; null if it is none of n8n's. */
export function testUrlFor(url: string): string | null {
	const test = new URL(url);
	if (!test.pathname.includes(PRODUCTION_PATH)) return null;
	test.pathname = test.pathname.replace(PRODUCTION_PATH, TEST_PATH);
	return test.href;
}
