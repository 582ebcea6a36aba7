import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startSandbox } from '../../sandbox';
import { Cleanup } from '../harness/cleanup';
import { startN8n } from '../harness/n8n';
import { installPackage } from '../harness/package';
import { localDir } from '../harness/paths';
import { publishWorld } from './world';

declare global {
	var stopWorld: (() => Promise<void>) | undefined;
}

/** Brings up the n8n and the sandbox that all tests share. */
export default async function setUp(): Promise<void> {
	const cleanup = new Cleanup();
	globalThis.stopWorld = async () => await cleanup.run();
	try {
		await bringUp(cleanup);
	} catch (error) {
		// Jest tears nothing down when this fails
		await cleanup.run();
		throw error;
	}
}

async function bringUp(cleanup: Cleanup): Promise<void> {
	const userFolder = mkdtempSync(join(tmpdir(), 'safepays-e2e-'));
	cleanup.add(() => rmSync(userFolder, { recursive: true, force: true }));
	await installPackage(userFolder);
	const sandbox = await startSandbox();
	cleanup.add(async () => await sandbox.close());
	const n8n = await startN8n({ userFolder, logFile: join(localDir, 'logs', 'e2e-n8n.log') });
	cleanup.add(async () => await n8n.stop());

	await n8n.rest.setupOwner();
	const credential = await n8n.rest.createCredential({
		name: 'SafePays sandbox',
		type: 'safePaysApi',
		data: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
	});
	publishWorld({
		n8nUrl: n8n.url,
		webhookUrl: n8n.url,
		cookie: n8n.rest.cookie ?? '',
		sandboxUrl: sandbox.url,
		apiKey: sandbox.apiKey,
		credentialId: credential.id,
	});
}
