import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { ApiError } from './books';
import type { Fields } from './books';
import { spoil, takesEffect } from './faults';
import { idIn, type Parts } from './parts';
import type { RecordedRequest } from './requestLog';
import { createdInvoiceView, customerDetailsView, customerView, invoiceView } from './views';

declare module 'fastify' {
	interface FastifyRequest {
		record: RecordedRequest | null;
	}
}

interface Answer {
	status: number;
	body: unknown;
}

type Handler = (account: string, request: FastifyRequest) => Answer;

const BAD_BODY: Record<string, string> = {
	FST_ERR_CTP_INVALID_MEDIA_TYPE: 'Content-Type must be application/json',
	FST_ERR_CTP_BODY_TOO_LARGE: 'Request body is too large',
};

/** The longest that a timer can be set to. */
const FOREVER_MS = 2 ** 31 - 1;

/** SafePays' API V2, as its Customers and Invoices pages document it. */
export function api(context: Parts, latencyMs: () => number) {
	const { books, payments, faults, rateLimiter, pauses, log, baseUrl } = context;
	const accounts = new Set(context.apiKeys);

	const handlers = {
		createCustomer: (account, request) => ({
			status: 201,
			body: {
				status: 'success',
				message: 'Customer created successfully',
				customer: customerView(books.createCustomer(account, fieldsOf(request))),
			},
		}),
		getCustomer: (account, request) => {
			const customer = books.customer(account, idIn(request));
			const paid = books.paidInvoices(customer.id);
			return { status: 200, body: customerDetailsView(customer, paid, baseUrl()) };
		},
		createInvoice: (account, request) => ({
			status: 201,
			body: {
				status: 'success',
				message: 'Invoice created successfully',
				invoice: createdInvoiceView(books.createInvoice(account, fieldsOf(request)), baseUrl()),
			},
		}),
		getInvoice: (account, request) => {
			const invoice = books.invoice(account, idIn(request));
			payments.checkDueDate(invoice);
			return { status: 200, body: { status: 'success', invoice: invoiceView(invoice, baseUrl()) } };
		},
	} satisfies Record<string, Handler>;

	/** @throws ApiError for a key that is missing, unknown or banned */
	function account(request: FastifyRequest): string {
		const key = apiKeyOf(request);
		if (key === undefined || key === '') {
			if (request.method === 'GET') throw new ApiError(400, 'api_key parameter is required');
			throw new ApiError(401, 'api_key is required');
		}
		if (key === context.bannedKey) {
			throw new ApiError(403, 'This vendor account has been banned.');
		}
		if (typeof key !== 'string' || !accounts.has(key)) throw new ApiError(401, 'Invalid API Key');
		return key;
	}

	function carryOut(handler: Handler, request: FastifyRequest, reply: FastifyReply): Answer {
		try {
			const key = account(request);
			const verdict = rateLimiter.count(key);
			if (verdict) reply.headers(verdict.headers);
			if (verdict?.retryAfterSeconds) {
				const wait = `Please retry after ${verdict.retryAfterSeconds} seconds.`;
				throw new ApiError(429, `Rate limit exceeded. ${wait}`);
			}
			return handler(key, request);
		} catch (error) {
			if (!(error instanceof ApiError)) throw error;
			return { status: error.status, body: { error: error.message } };
		}
	}

	function serve(handler: Handler) {
		return async (request: FastifyRequest, reply: FastifyReply) => {
			const fault = faults.forRequest(request.method, pathOf(request));
			await pauses.wait(latencyMs());

			const truth = !fault || takesEffect(fault) ? carryOut(handler, request, reply) : undefined;
			if (fault) {
				await pauses.wait(fault.kind === 'hang' ? FOREVER_MS : (fault.ms ?? 0));
				if (fault.kind === 'resetBefore' || fault.kind === 'resetAfter') {
					return reset(request, reply);
				}
				if (fault.kind !== 'slow') {
					const apiKey = String(apiKeyOf(request) ?? '');
					const formerStatus = books.formerStatus(idIn(request), fault.lagMs);
					const about = { method: request.method, apiKey, baseUrl: baseUrl(), formerStatus };
					const { status, headers, body } = spoil(fault, about, truth);
					return reply.code(status).headers(headers).send(body);
				}
			}
			const { status, body } = truth as Answer;
			return reply.code(status).send(body);
		};
	}

	function reset(request: FastifyRequest, reply: FastifyReply): FastifyReply {
		if (request.record) log.end(request.record, null);
		reply.hijack();
		request.raw.socket.resetAndDestroy();
		return reply;
	}

	return async (app: FastifyInstance) => {
		app.decorateRequest('record', null);
		app.addHook('onRequest', (request, reply, done) => {
			const record = log.start(request.method, pathOf(request));
			request.record = record;
			reply.raw.once('close', () => log.end(record, null));
			done();
		});
		app.addHook('preHandler', (request, _reply, done) => {
			if (request.record) request.record.body = withoutKey(request.body);
			done();
		});
		app.addHook('onSend', (request, reply, _payload, done) => {
			if (request.record) log.end(request.record, reply.statusCode);
			done();
		});
		app.setErrorHandler<Error & { code?: string; statusCode?: number }>(
			(error, _request, reply) => {
				const status = error.statusCode ?? 500;
				const message =
					status < 500
						? (BAD_BODY[error.code ?? ''] ?? 'Request body must be valid JSON')
						: error.message;
				return reply.code(status).send({ error: message });
			},
		);
		app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Not found' }));

		app.post('/customer', serve(handlers.createCustomer));
		app.get('/customer/:id', serve(handlers.getCustomer));
		app.post('/invoice', serve(handlers.createInvoice));
		app.get('/invoice/:id', serve(handlers.getInvoice));
	};
}

function fieldsOf(request: FastifyRequest): Fields {
	const { body } = request;
	return typeof body === 'object' && body !== null ? (body as Fields) : {};
}

/** SafePays takes the key from the body of a POST and the query of a GET, and from nowhere else. */
function apiKeyOf(request: FastifyRequest): unknown {
	if (request.method === 'GET') return (request.query as Fields).api_key;
	return fieldsOf(request).api_key;
}

function pathOf(request: FastifyRequest): string {
	const query = request.url.indexOf('?');
	return query < 0 ? request.url : request.url.slice(0, query);
}

function withoutKey(body: unknown): unknown {
	if (typeof body !== 'object' || body === null || Array.isArray(body)) return body ?? null;
	const { api_key: _key, ...rest } = body as Fields;
	return rest;
}
