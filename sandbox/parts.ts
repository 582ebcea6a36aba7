import type { FastifyRequest } from 'fastify';

import type { Books } from './books';
import type { Faults } from './faults';
import type { Notifier } from './notifications';
import type { Settings } from './options';
import type { Pauses } from './pauses';
import type { Payments } from './payments';
import type { RateLimiter } from './rateLimit';
import type { RequestLog } from './requestLog';

/** What the API, the control API and the pages share. */
export interface Parts extends Omit<Settings, 'faults'> {
	books: Books;
	payments: Payments;
	notifier: Notifier;
	faults: Faults;
	rateLimiter: RateLimiter;
	pauses: Pauses;
	log: RequestLog;
	/** What links in answers begin with. */
	baseUrl: () => string;
}

/** The record that a path names. */
export function idIn(request: FastifyRequest): string {
	return (request.params as { id: string }).id;
}
