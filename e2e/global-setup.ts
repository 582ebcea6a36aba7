import { startOwnN8n } from '../tools/harness/ownN8n';
import { publishWorld } from './world';

declare global {
	var stopWorld: (() => Promise<void>) | undefined;
}

/** Brings up the n8n and the sandbox that all tests share. */
export default async function setUp(): Promise<void> {
	const { url, client, sandbox, credentialId, close } = await startOwnN8n('e2e');
	globalThis.stopWorld = close;
	publishWorld({
		n8nUrl: url,
		webhookUrl: url,
		cookie: client.cookie ?? '',
		sandboxUrl: sandbox.url,
		apiKey: sandbox.apiKey,
		credentialId,
	});
}
