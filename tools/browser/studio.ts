import type { Cleanup } from '../harness/cleanup';
import type { StoredCredential } from '../harness/client';
import { importExample, readExamples, TRIGGER_PATH } from '../harness/examples';
import { startOwnN8n, type OwnN8n } from '../harness/ownN8n';
import { isPortTaken } from '../harness/ports';

export interface Studio extends Pick<OwnN8n, 'client' | 'sandbox' | 'url'> {
	credential: StoredCredential;
}

/** An n8n as "npm start" sets it up, with nothing in it from earlier. */
export async function openStudio(cleanup: Cleanup): Promise<Studio> {
	const own = await startOwnN8n('pictures', {
		port: await unlessTaken(5678),
		sandbox: { port: await unlessTaken(4010) },
		cleanup,
	});
	const { apiKey, url: baseUrl } = own.sandbox;
	const credential = await own.client.updateCredential(own.credentialId, {
		name: 'SafePays sandbox',
		type: 'safePaysApi',
		data: { apiKey, baseUrl, triggerPath: TRIGGER_PATH },
	});
	for (const example of readExamples()) await importExample(own.client, example, credential);
	return { ...own, credential };
}

/** The port that the pictures had the last time, so that they change only where the package did. */
async function unlessTaken(port: number): Promise<number | undefined> {
	return (await isPortTaken(port)) ? undefined : port;
}
