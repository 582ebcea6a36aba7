import formBody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { ApiError } from './books';
import { parseFault } from './faults';
import type { Fault } from './faults';
import { testUrlFor } from './n8nUrls';
import { WEBHOOK_FORMATS } from './notificationFormats';
import type { Delivery, Forgery } from './notifications';
import { idIn, type Parts } from './parts';

/** What `GET /sandbox/state` lists of the API requests at most. */
const STATE_REQUESTS = 500;

/**
 * What tests in other processes, and the buttons of the home page, do to the sandbox.
 * A program gets JSON; a form is sent back to the home page.
 */
export function control(
	{ books, payments, notifier, faults, pauses, log }: Parts,
	reset: () => void,
) {
	const actions: Record<string, (invoiceId: string) => Promise<Delivery[]>> = {
		pay: (invoiceId) => payments.pay(invoiceId),
		decline: (invoiceId) => payments.decline(invoiceId),
		expire: (invoiceId) => payments.expire(invoiceId),
	};

	/** Where a notification is sent again. */
	const addresses: Record<string, (url: string) => string | null> = {
		resend: (url) => url,
		'resend-to-test-url': testUrlFor,
	};

	async function answer<T>(
		request: FastifyRequest,
		reply: FastifyReply,
		outcome: Promise<T> | T,
	): Promise<FastifyReply> {
		if (!isForm(request)) return reply.send(await outcome);
		await pauses.untilOver(outcome);
		return reply.redirect('/', 303);
	}

	return async (app: FastifyInstance) => {
		await app.register(formBody);
		app.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) => {
			if (isForm(request)) {
				const form = request.url === '/sandbox/faults' ? '&faults' : '';
				return reply.redirect(`/?problem=${encodeURIComponent(error.message)}${form}`, 303);
			}
			const status = error instanceof ApiError ? error.status : (error.statusCode ?? 500);
			return reply.code(status).send({ error: error.message });
		});

		app.get('/state', () => {
			payments.checkDueDates();
			return {
				...books.snapshot(),
				deliveries: notifier.deliveries,
				faults: faults.active.map(faultView),
				requests: {
					total: log.total,
					byStatus: log.byStatus,
					peakInFlight: log.peakInFlight,
					latest: log.requests.slice(-STATE_REQUESTS),
				},
			};
		});

		for (const [name, act] of Object.entries(actions)) {
			app.post(`/invoices/:id/${name}`, async (request, reply) => {
				const invoice = payments.find(idIn(request));
				const outcome = act(invoice.id).then((deliveries) => ({ invoice, deliveries }));
				return await answer(request, reply, outcome);
			});
		}

		app.post('/invoices/pay', async (request) => {
			const { ids } = (request.body ?? {}) as { ids?: unknown };
			if (ids !== undefined && !Array.isArray(ids)) throw new ApiError(400, 'ids must be a list');
			const { invoices, delivered } = payments.payAll(ids?.map(String));
			return { invoices, deliveries: await delivered };
		});

		app.post('/invoices/:id/notify', async (request) => {
			const forgery = (request.body ?? {}) as Forgery;
			if (forgery.format !== undefined && !WEBHOOK_FORMATS.includes(forgery.format)) {
				throw new ApiError(400, `format must be one of ${WEBHOOK_FORMATS.join(', ')}`);
			}
			return { delivery: await notifier.notify(payments.find(idIn(request)), forgery) };
		});

		for (const [name, address] of Object.entries(addresses)) {
			app.post(`/deliveries/:id/${name}`, async (request, reply) => {
				const delivery = notifier.deliveries.find(({ id }) => id === idIn(request));
				if (!delivery) throw new ApiError(404, 'Delivery not found');
				const { url: to, body, headers, invoiceId } = delivery;
				const url = address(to);
				if (!url) throw new ApiError(400, 'Only an n8n production URL has a test URL');
				const resent = notifier.notify(payments.find(invoiceId), { url, body, headers });
				return await answer(
					request,
					reply,
					resent.then((again) => ({ delivery: again })),
				);
			});
		}

		app.post('/faults', async (request, reply) => {
			faults.add(faultFrom(request.body));
			return await answer(request, reply, { faults: faults.active.map(faultView) });
		});

		const clearFaults = async (request: FastifyRequest, reply: FastifyReply) => {
			faults.clear();
			return await answer(request, reply, { faults: [] });
		};
		app.delete('/faults', clearFaults);
		app.post('/faults/clear', clearFaults);

		app.post('/reset', async (request, reply) => {
			reset();
			return await answer(request, reply, { reset: true });
		});
	};
}

function faultFrom(body: unknown): Fault {
	try {
		return parseFault(body);
	} catch (error) {
		throw new ApiError(400, (error as Error).message);
	}
}

function faultView({ on, ...fault }: Fault) {
	if (!on) return fault;
	const path = on.path instanceof RegExp ? on.path.source : on.path;
	return { ...fault, on: { ...on, path } };
}

function isForm(request: FastifyRequest): boolean {
	return (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
}
