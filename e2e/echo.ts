import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { UNKNOWN_ID } from './world';

/** What a server answers that shows the request which it got. */
export interface Echo {
	name: string;
	/** @param seen address and body of the request, key and all */
	answer: (seen: string, id: string) => { status: number; type: string; body: string };
}

const json = (status: number, body: object) => ({
	status,
	type: 'application/json',
	body: JSON.stringify(body),
});

const escapeHtml = (words: string) =>
	words
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('"', '&quot;')
		.replaceAll("'", '&#39;');

const decode = (words: string) => decodeURIComponent(words.replace(/%(?![\da-f]{2})/gi, '%25'));

const page = (title: string) => `<!doctype html><html><head><title>${title}</title></head></html>`;

/** The ways in which proxies and web frameworks show a request that they do not like. */
export const ECHOES: Echo[] = [
	{ name: 'in its words', answer: (seen) => json(400, { error: `Bad request: ${seen}` }) },
	{
		name: 'in its words, encoded once more',
		answer: (seen) => json(404, { error: encodeURIComponent(seen) }),
	},
	{
		name: 'in the words of a failing server',
		answer: (seen) => json(503, { error: `No answer to ${seen}` }),
	},
	{
		name: 'in the words of a refusal',
		answer: (seen) => json(401, { error: `Invalid API Key: ${seen}` }),
	},
	{ name: 'decoded', answer: (seen) => json(400, { error: decode(seen) }) },
	{
		name: 'decoded as a form',
		answer: (seen) => json(400, { error: decode(seen.replaceAll('+', ' ')) }),
	},
	{
		name: "in a page's title",
		answer: (seen) => ({
			status: 502,
			type: 'text/html',
			body: page(`Cannot ${escapeHtml(seen)}`),
		}),
	},
	{
		name: "at the end of a page's title",
		answer: (seen) => ({
			status: 404,
			type: 'text/html',
			body: page(seen.slice(Math.max(0, seen.indexOf('api_key') - 50))),
		}),
	},
	{
		name: 'in a record',
		answer: (seen, id) => {
			const record = { id, status: 'Paid', email: 'john@example.com', note: seen };
			return json(201, { status: 'success', invoice: record, customer: record });
		},
	},
];

/** Starts a server on loopback that answers every request with what it got. */
export async function startEcho({
	answer,
}: Echo): Promise<{ url: string; close(): Promise<void> }> {
	const server = createServer((request, response) => {
		void readRequest(request).then((seen) => {
			const id = /[\da-f-]{36}/.exec(request.url ?? '')?.[0] ?? UNKNOWN_ID;
			const { status, type, body } = answer(seen, id);
			response.writeHead(status, { 'content-type': type }).end(body);
		});
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

async function readRequest(request: IncomingMessage): Promise<string> {
	return `${request.method} ${request.url} ${await text(request)}`.trim();
}
