import formBody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { ApiError } from './books';
import type { Books } from './books';
import { parseFault } from './faults';
import type { Fault, Faults } from './faults';
import type { Notifier } from './notifications';
import type { Change, Payments } from './payments';
import type { Pauses } from './pauses';
import type { RequestLog } from './requestLog';

export interface ControlContext {
	books: Books;
	payments: Payments;
	notifier: Notifier;
	faults: Faults;
	pauses: Pauses;
	log: RequestLog;
	reset: () => void;
}

/** What `GET /sandbox/state` lists of the API requests at most. */
const STATE_REQUESTS = 500;
/** How long a person who pressed a button waits for the receiver's answer. */
const FORM_PATIENCE_MS = 1_500;

/**
 * What tests in other processes, and the buttons of the home page, do to the sandbox.
 * A program gets JSON; a form is sent back to the home page.
 */
export function control(context: ControlContext) {
	const { books, payments, notifier, faults, pauses, log } = context;

	const actions: Record<string, (invoiceId: string) => Change> = {
		pay: (invoiceId) => payments.pay(invoiceId),
		decline: (invoiceId) => payments.decline(invoiceId),
		expire: (invoiceId) => payments.expire(invoiceId),
	};

	async function answer<T>(
		request: FastifyRequest,
		reply: FastifyReply,
		outcome: Promise<T> | T,
	): Promise<FastifyReply> {
		if (!isForm(request)) return reply.send(await outcome);
		// A person reloads the page to see an answer that takes longer than this.
		const patience = pauses.wait(FORM_PATIENCE_MS).catch(() => undefined);
		await Promise.race([outcome, patience]);
		return reply.redirect('/', 303);
	}

	return async (app: FastifyInstance) => {
		await app.register(formBody);
		app.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) => {
			if (isForm(request)) {
				return reply.redirect(`/?problem=${encodeURIComponent(error.message)}`, 303);
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
				const invoice = payments.find(idOf(request));
				const { delivered } = act(invoice.id);
				return await answer(
					request,
					reply,
					delivered.then((deliveries) => ({ invoice, deliveries })),
				);
			});
		}

		app.post('/deliveries/:id/resend', async (request, reply) => {
			const delivery = notifier.deliveries.find(({ id }) => id === idOf(request));
			if (!delivery) throw new ApiError(404, 'Delivery not found');
			const { url, body, headers } = delivery;
			const resent = notifier.notify(payments.find(delivery.invoiceId), { url, body, headers });
			return await answer(
				request,
				reply,
				resent.then((again) => ({ delivery: again })),
			);
		});

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
			context.reset();
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

function idOf(request: FastifyRequest): string {
	return (request.params as { id: string }).id;
}
