import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { prepared } from '../test/support/prepared';
import { getItems } from '../tools/harness/client';
import { manualTrigger, node, workflow } from '../tools/harness/workflow';
import { getWorld, UNKNOWN_ID } from './world';

const world = prepared(getWorld);

async function test(data: Record<string, string>) {
	const { client, sandboxUrl, apiKey } = world;
	const credential = await client.createCredential({
		name: 'tested',
		type: 'safePaysApi',
		data: { apiKey, baseUrl: sandboxUrl, ...data },
	});
	return await client.testCredential(credential);
}

describe('the test in the credential dialog', () => {
	it('passes with a good key', async () => {
		expect(await test({})).toEqual({ status: 'OK', message: 'The API key works' });
	});

	it('says that the key is wrong', async () => {
		const { status, message } = await test({ apiKey: 'no-such-key' });
		expect(status).toBe('Error');
		expect(message).toContain('Invalid API Key');
		expect(message).not.toContain('no-such-key');
	});
});

describe('in the HTTP Request node', () => {
	async function request(url: string, parameters: Record<string, unknown> = {}) {
		const { client, credentialId } = world;
		const { id } = await client.createWorkflow(
			workflow([
				manualTrigger(),
				node(
					'n8n-nodes-base.httpRequest',
					'HTTP Request',
					{
						url,
						authentication: 'predefinedCredentialType',
						nodeCredentialType: 'safePaysApi',
						options: { response: { response: { neverError: true } } },
						...parameters,
					},
					{ typeVersion: 4.2, credential: credentialId },
				),
			]),
		);
		return getItems(await client.runAndWait(id), 'HTTP Request')[0];
	}

	it('signs a GET', async () => {
		expect(await request(`${world.sandboxUrl}/api/v2/invoice/${UNKNOWN_ID}`)).toEqual({
			error: 'Invoice not found',
		});
	});

	it('signs a POST with a JSON body', async () => {
		const answer = await request(`${world.sandboxUrl}/api/v2/invoice`, {
			method: 'POST',
			sendBody: true,
			specifyBody: 'json',
			jsonBody: JSON.stringify({ email: 'http@example.com', amount: 5 }),
		});
		expect(answer).toMatchObject({ status: 'success', invoice: { email: 'http@example.com' } });
	});

	it('does not hand the key to another host, nor follow a redirect to one', async () => {
		const seen: string[] = [];
		const other = createServer((incoming, response) => {
			let body = '';
			incoming.on('data', (chunk) => (body += chunk));
			incoming.on('end', () => {
				seen.push(`${incoming.url} ${JSON.stringify(incoming.headers)} ${body}`);
				response.setHeader('content-type', 'application/json');
				response.end('{}');
			});
		}).listen(0, '127.0.0.1');
		await once(other, 'listening');
		const { port } = other.address() as AddressInfo;
		await request(`http://127.0.0.1:${port}/api/v2/invoice`);
		await request(`http://127.0.0.1:${port}/api/v2/invoice`, {
			method: 'POST',
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '{"a":1}',
		});
		expect(seen).toHaveLength(2);
		expect(seen.join()).not.toContain(world.apiKey);

		const location = `http://127.0.0.1:${port}/elsewhere`;
		await world.sandbox.addFault({ kind: 'redirect', status: 307, location });
		const options = {
			redirect: { redirect: { followRedirects: true } },
			response: { response: { neverError: true } },
		};
		await request(`${world.sandboxUrl}/api/v2/invoice/${UNKNOWN_ID}`, { options });
		await request(`${world.sandboxUrl}/api/v2/invoice`, {
			method: 'POST',
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '{"a":1}',
			options,
		});
		other.close();
		expect(seen).toHaveLength(2);
	});
});
