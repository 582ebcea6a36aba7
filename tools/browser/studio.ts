import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startSandbox } from '../../sandbox';
import type { Cleanup } from '../harness/cleanup';
import type { N8nClient, StoredCredential } from '../harness/client';
import { importExample, readExamples, TRIGGER_PATH } from '../harness/examples';
import { startN8n } from '../harness/n8n';
import { installPackage } from '../harness/package';
import { localDir } from '../harness/paths';
import { isPortTaken } from '../harness/ports';
import { SandboxClient } from '../harness/sandbox-client';

export interface Studio {
	n8nUrl: string;
	sandboxUrl: string;
	client: N8nClient;
	sandbox: SandboxClient;
	apiKey: string;
	credential: StoredCredential;
}

/** An n8n as "npm start" sets it up, with nothing in it from earlier. */
export async function openStudio(cleanup: Cleanup): Promise<Studio> {
	const userFolder = mkdtempSync(join(tmpdir(), 'safepays-pictures-'));
	cleanup.add(() => rmSync(userFolder, { recursive: true, force: true }));
	await installPackage(userFolder);
	const sandbox = await startSandbox({ port: await usual(4010) });
	cleanup.add(async () => await sandbox.close());
	const n8n = await startN8n({
		userFolder,
		port: await usual(5678),
		logFile: join(localDir, 'logs', 'pictures-n8n.log'),
	});
	cleanup.add(async () => await n8n.stop());

	await n8n.rest.setupOwner();
	const credential = await n8n.rest.createCredential({
		name: 'SafePays sandbox',
		type: 'safePaysApi',
		data: {
			apiKey: sandbox.apiKey,
			baseUrl: sandbox.url,
			triggerPath: TRIGGER_PATH,
		},
	});
	for (const example of readExamples()) await importExample(n8n.rest, example, credential);
	return {
		n8nUrl: n8n.url,
		sandboxUrl: sandbox.url,
		client: n8n.rest,
		sandbox: new SandboxClient(sandbox.url),
		apiKey: sandbox.apiKey,
		credential,
	};
}

/** The port that the pictures had the last time, so that they change only where the package did. */
async function usual(port: number): Promise<number | undefined> {
	return (await isPortTaken(port)) ? undefined : port;
}
