import type * as http from 'node:http';
import * as querystring from 'node:querystring';

import type { IDataObject } from 'n8n-workflow';

/** What webhooks see as Express' request. */
export type Request = http.IncomingMessage & {
	body?: unknown;
	rawBody?: Buffer;
	readRawBody?(): Promise<void>;
	query: IDataObject;
	params: IDataObject;
};

/** What webhooks see as Express' response. */
export type Response = http.ServerResponse & {
	locals: IDataObject;
	status(code: number): Response;
	set(headers: Record<string, string>): Response;
	json(body: unknown): Response;
	send(body: string): Response;
};

/** What n8n answers to a call that reaches no webhook. */
export class HttpError extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

export function toExpressResponse(raw: http.ServerResponse): Response {
	const response: Response = Object.assign(raw, {
		locals: {},
		status: (code: number) => {
			response.statusCode = code;
			return response;
		},
		set: (headers: Record<string, string>) => {
			for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
			return response;
		},
		json: (body: unknown) => {
			response.setHeader('Content-Type', 'application/json; charset=utf-8');
			response.end(JSON.stringify(body));
			return response;
		},
		send: (body: string) => {
			response.end(body);
			return response;
		},
	});
	return response;
}

/** As n8n reads a body for a type version above 1: not at all for a type that it does not parse. @throws HttpError 422 */
export async function readBody(request: Request): Promise<unknown> {
	request.readRawBody = async () => {
		if (request.rawBody) return;
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		request.rawBody = Buffer.concat(chunks);
	};
	const type = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
	const parse = PARSERS[type];
	if (!parse) return undefined;
	await request.readRawBody();
	const text = request.rawBody?.toString() ?? '';
	return text === '' ? undefined : parse(text);
}

const PARSERS: Record<string, (text: string) => unknown> = {
	'application/json': (text) => {
		try {
			return JSON.parse(text) as unknown;
		} catch {
			throw new HttpError(422, 'Failed to parse request body');
		}
	},
	'application/x-www-form-urlencoded': (text) =>
		querystring.parse(text, undefined, undefined, { maxKeys: 1000 }),
	'text/plain': (text) => text,
};
