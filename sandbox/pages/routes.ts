import formBody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { ApiError } from '../books';
import type { Delivery } from '../notifications';
import { idIn, type Parts } from '../parts';
import { checkoutSession } from '../views';
import { customerPage } from './customer';
import { homePage } from './home';
import type { Listing } from './home';
import { PAGE_HEADERS } from './layout';
import { notFoundPage, payPage, redirectAfterPayment, thankYouPage } from './pay';

/** What a page lists at most. */
const PAGE_ROWS = 50;

/** The pages for people: home, payment, thank you and customer. */
export function pages(context: Parts) {
	const { apiKeys, books, payments, notifier, faults, pauses, log, baseUrl } = context;

	const send = (reply: FastifyReply, page: string, status = 200) =>
		reply.code(status).headers(PAGE_HEADERS).send(page);

	const invoiceOf = (request: FastifyRequest) => {
		const invoice = payments.find(idIn(request));
		payments.checkDueDate(invoice);
		return invoice;
	};

	return async (app: FastifyInstance) => {
		await app.register(formBody);
		app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => {
			if (error instanceof ApiError) return send(reply, notFoundPage(error.message), error.status);
			return reply.code(error.statusCode ?? 500).send({ error: error.message });
		});

		app.get('/', (request, reply) => {
			payments.checkDueDates();
			const { problem, faults: refused } = request.query as Record<string, unknown>;
			const deliveriesOf = byInvoice(notifier.deliveries);
			return send(
				reply,
				homePage({
					apiKeys,
					baseUrl: baseUrl(),
					invoices: latest([...books.invoices.values()]),
					customers: latest([...books.customers.values()]),
					deliveries: latest(notifier.deliveries),
					requests: latest(log.requests, log.total),
					faults: faults.active,
					deliveriesOf,
					problem: typeof problem === 'string' ? problem : null,
					faultRefused: refused !== undefined,
				}),
			);
		});

		app.get('/agency-checkout/sandbox/:id', (request, reply) => {
			const invoice = books.invoiceOfCheckout(checkoutSession(idIn(request)));
			if (!invoice) throw new ApiError(404, 'Invoice not found');
			return reply.redirect(`/pay/${invoice.id}`, 302);
		});

		app.get('/pay/:id', (request, reply) => send(reply, payPage(invoiceOf(request))));

		app.post('/pay/:id/pay', async (request, reply) => {
			const invoice = invoiceOf(request);
			if (invoice.status === 'Paid') return reply.redirect(`/pay/${invoice.id}`, 303);
			const delivered = payments.pay(invoice.id);
			// the next page says what the receiver has answered
			if (!invoice.redirectUrl) await pauses.untilOver(delivered);
			return reply.redirect(redirectAfterPayment(invoice), 303);
		});

		app.post('/pay/:id/decline', (request, reply) => {
			const invoice = invoiceOf(request);
			if (invoice.status !== 'Paid') payments.decline(invoice.id);
			return reply.redirect(`/pay/${invoice.id}`, 303);
		});

		app.get('/pay/:id/thank-you', (request, reply) => {
			const invoice = invoiceOf(request);
			if (invoice.status !== 'Paid') return reply.redirect(`/pay/${invoice.id}`, 302);
			return send(reply, thankYouPage(invoice, notifier.deliveries));
		});

		app.get('/dashboard/customer/:id', (request, reply) => {
			const customer = books.customers.get(idIn(request));
			if (!customer) throw new ApiError(404, 'Customer not found');
			payments.checkDueDates();
			const invoices = [...books.invoices.values()].filter(
				(invoice) => invoice.customerId === customer.id,
			);
			const paid = books.paidInvoices(customer.id);
			const deliveriesOf = byInvoice(notifier.deliveries);
			return send(reply, customerPage(customer, invoices.reverse(), paid, deliveriesOf));
		});
	};
}

function byInvoice(deliveries: Delivery[]): (invoiceId: string) => Delivery[] {
	const lists = new Map<string, Delivery[]>();
	for (const delivery of deliveries) {
		const list = lists.get(delivery.invoiceId);
		if (list) list.push(delivery);
		else lists.set(delivery.invoiceId, [delivery]);
	}
	return (invoiceId) => lists.get(invoiceId) ?? [];
}

function latest<T>(list: T[], total = list.length): Listing<T> {
	return { latest: list.slice(-PAGE_ROWS).reverse(), total };
}
