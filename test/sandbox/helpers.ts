import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

import { startSandbox } from '../../sandbox';
import type { Sandbox, SandboxOptions } from '../../sandbox';
import type {
	createdInvoiceView,
	customerDetailsView,
	customerView,
	invoiceView,
} from '../../sandbox/views';

export const KEY = 'sandbox-key';

export type Fields = Record<string, unknown>;
export type CustomerView = ReturnType<typeof customerView>;
export type CreatedInvoiceView = ReturnType<typeof createdInvoiceView>;
export type InvoiceView = ReturnType<typeof invoiceView>;
export type CustomerDetailsView = ReturnType<typeof customerDetailsView>;

export interface Received {
	method: string;
	path: string;
	headers: http.IncomingHttpHeaders;
	text: string;
}

export interface Receiver {
	url: string;
	received: Received[];
	close(): Promise<void>;
}

const open: Array<{ close(): Promise<void> }> = [];

/** A sandbox that `closeAll` ends. */
export async function sandboxWith(options: SandboxOptions = {}): Promise<Sandbox> {
	const sandbox = await startSandbox(options);
	open.push(sandbox);
	return sandbox;
}

/** A webhook receiver that `closeAll` ends; `answer` says what the nth notification gets. */
export async function receiver(
	answer: (nth: number, response: http.ServerResponse) => void = (_nth, response) => response.end(),
): Promise<Receiver> {
	const received: Received[] = [];
	const server = http.createServer(async (request, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		received.push({
			method: request.method ?? '',
			path: request.url ?? '',
			headers: request.headers,
			text: Buffer.concat(chunks).toString(),
		});
		answer(received.length, response);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const hook = {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`,
		received,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
	open.push(hook);
	return hook;
}

export async function closeAll(): Promise<void> {
	await Promise.all(open.splice(0).map(async (server) => await server.close()));
}

export async function post(url: string, body: unknown): Promise<Response> {
	return await fetch(url, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: typeof body === 'string' ? body : JSON.stringify(body),
		redirect: 'manual',
	});
}

export async function postForm(
	url: string,
	fields: Record<string, string> = {},
): Promise<Response> {
	return await fetch(url, {
		method: 'POST',
		body: new URLSearchParams(fields),
		redirect: 'manual',
	});
}

export async function createCustomer(sandbox: Sandbox, fields: Fields = {}): Promise<CustomerView> {
	const response = await post(`${sandbox.url}/api/v2/customer`, {
		api_key: KEY,
		name: 'John Doe',
		email: 'john.doe@example.com',
		...fields,
	});
	expect(response.status).toBe(201);
	return ((await response.json()) as { customer: CustomerView }).customer;
}

export async function createInvoice(
	sandbox: Sandbox,
	fields: Fields = {},
): Promise<CreatedInvoiceView> {
	const response = await post(`${sandbox.url}/api/v2/invoice`, {
		api_key: KEY,
		email: 'john@example.com',
		amount: 200,
		...fields,
	});
	expect(response.status).toBe(201);
	return ((await response.json()) as { invoice: CreatedInvoiceView }).invoice;
}

export async function getInvoice(sandbox: Sandbox, id: string): Promise<InvoiceView> {
	const response = await fetch(`${sandbox.url}/api/v2/invoice/${id}?api_key=${KEY}`);
	expect(response.status).toBe(200);
	return ((await response.json()) as { invoice: InvoiceView }).invoice;
}

export async function getCustomer(sandbox: Sandbox, id: string): Promise<CustomerDetailsView> {
	const response = await fetch(`${sandbox.url}/api/v2/customer/${id}?api_key=${KEY}`);
	expect(response.status).toBe(200);
	return (await response.json()) as CustomerDetailsView;
}

/** A clock that stands still until it is moved. */
export function stoppedClock(start: string) {
	let time = Date.parse(start);
	return {
		now: () => new Date(time),
		advanceSeconds: (seconds: number) => {
			time += seconds * 1_000;
		},
	};
}
