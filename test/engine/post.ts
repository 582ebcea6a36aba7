import * as http from 'node:http';

export interface Answer {
	status: number;
	headers: http.IncomingHttpHeaders;
	/** Parsed if it was JSON. */
	body: unknown;
	/** Milliseconds until it was there. */
	ms: number;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1000 });

/** A sender waits this long. */
export const PATIENCE_MS = 10_000;

/**
 * Posts a notification as SafePays, or somebody who is not, would.
 *
 * @param body an object is sent as JSON, a string or undefined as it is
 * @throws Error if the answer takes longer than a sender waits
 */
export async function post(
	url: string,
	body?: unknown,
	headers: Record<string, string> = {},
): Promise<Answer> {
	const start = performance.now();
	const sent = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
	return await new Promise<Answer>((resolve, reject) => {
		const request = http.request(url, {
			method: 'POST',
			agent,
			headers: {
				'Content-Type': 'application/json',
				'Content-Length': String(Buffer.byteLength(sent)),
				...headers,
			},
			timeout: PATIENCE_MS,
		});
		request.on('timeout', () => request.destroy(new Error(`No answer within ${PATIENCE_MS} ms`)));
		request.on('error', reject);
		request.on('response', (response) => {
			let text = '';
			response.setEncoding('utf8');
			response.on('data', (chunk: string) => (text += chunk));
			response.on('error', reject);
			response.on('end', () => {
				const answer = {
					status: response.statusCode ?? 0,
					headers: response.headers,
					ms: performance.now() - start,
				};
				resolve({ ...answer, body: parsed(text) });
			});
		});
		request.end(sent);
	});
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}
