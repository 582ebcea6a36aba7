import { N8nClient } from '../tools/harness/client';
import { n8nIsBefore } from '../tools/harness/olderN8n';
import { SandboxClient } from '../tools/harness/sandbox-client';

/** What the tests are left with, which run in other processes than the global setup. */
export interface WorldDescription {
	n8nUrl: string;
	/** The address that webhooks come in at; in queue mode that of another process. */
	webhookUrl: string;
	/** The owner's session. */
	cookie: string;
	sandboxUrl: string;
	apiKey: string;
	/** Of a `safePaysApi` credential for the sandbox. */
	credentialId: string;
}

export interface World extends WorldDescription {
	/** Signed in as the owner. */
	client: N8nClient;
	sandbox: SandboxClient;
}

/** Of no record. */
export const UNKNOWN_ID = '11111111-1111-4111-8111-111111111111';

const VARIABLE = 'SAFEPAYS_E2E_WORLD';

/** For what needs a newer n8n than the oldest one that the package supports: skipped before it. */
export function describeSince(version: string): typeof describe {
	return n8nIsBefore(version) ? (describe.skip as typeof describe) : describe;
}

/** Like `describeSince`, for one case. */
export function itSince(version: string): typeof it {
	return n8nIsBefore(version) ? (it.skip as typeof it) : it;
}

/** Hands the world to the tests. */
export function publishWorld(description: WorldDescription): void {
	process.env[VARIABLE] = JSON.stringify(description);
}

/** The n8n, with the packed package in it, and the sandbox that all tests share. */
export async function getWorld(): Promise<World> {
	const description = JSON.parse(process.env[VARIABLE] ?? 'null') as WorldDescription | null;
	if (!description) throw new Error('There is no world: run this with "npm run test:e2e"');
	return {
		...description,
		client: new N8nClient(description.n8nUrl, description.cookie, description.webhookUrl),
		sandbox: new SandboxClient(description.sandboxUrl),
	};
}
