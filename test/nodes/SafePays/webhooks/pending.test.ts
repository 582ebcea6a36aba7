import type { INode, IWebhookFunctions } from 'n8n-workflow';

import { PendingEvents } from '../../../../nodes/SafePays/webhooks/pendingEvents';
import { getThrottle } from '../../../../nodes/SafePays/webhooks/throttle';
import type { NodeContext } from '../../../../nodes/SafePays/transport/sendOnce';
import type { Fault, InvoiceStatus } from '../../../../sandbox';
import type { Execution } from '../../../engine/executions';
import type { N8n } from '../../../engine/n8n';
import { post } from '../../../engine/post';
import { TRIGGER_NAME } from '../../../engine/workflows';
import { getInvoice, receiver } from '../../../sandbox/helpers';
import { UNKNOWN_ID, until } from '../../../support';
import {
	active,
	activeWith,
	asked,
	clear,
	DUPLICATE,
	hurry,
	invoicesThatAre,
	invoiceThatIs,
	passedOn,
	PENDING,
	RECEIVED,
	useFastClock,
} from './stage';

const DOWN: Fault = { kind: 'status', status: 503, on: { method: 'GET' } };

beforeEach(useFastClock);
afterEach(async () => {
	await hurry(clear());
	jest.useRealTimers();
});

const says = (id: string, status: InvoiceStatus = 'Paid') => ({ invoice: { id, status } });

function getError(n8n: N8n, execution: Execution): string {
	const { message = '', description } = (n8n.getResult(execution).error ?? {}) as {
		message?: string;
		description?: string | null;
	};
	return `${message}. ${description ?? ''}`;
}

describe('A notification that SafePays cannot be asked about', () => {
	it.each<[string, Fault]>([
		['an error of the server', { kind: 'status', status: 500 }],
		["its payment provider's error", { kind: 'status', status: 502 }],
		['a reset connection', { kind: 'resetBefore' }],
		["a proxy's error page", { kind: 'html', status: 504 }],
		["a proxy's page with status 200", { kind: 'html', status: 200 }],
		["a proxy's 404", { kind: 'html', status: 404 }],
		["a web server's own 404", { kind: 'status', status: 404, message: 'Not Found' }],
		[
			"a web server's own 404, with the path",
			{ kind: 'status', status: 404, message: 'Cannot GET /api/v2/invoice/1' },
		],
		['an empty body', { kind: 'emptyBody', afterProcessing: true }],
		['broken JSON', { kind: 'brokenJson', afterProcessing: true }],
		['JSON of another shape', { kind: 'wrongShape' }],
		['a redirect', { kind: 'redirect' }],
		['silence', { kind: 'slow', ms: 60_000 }],
	])('because of %s is accepted, and passed on when it can be', async (_what, fault) => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		const invoice = await getInvoice(sandbox, id);
		sandbox.addFault(fault);
		const answer = await post(url, says(id));
		expect(answer).toMatchObject({ status: 200, body: PENDING });
		expect(answer.ms).toBeLessThan(5000);
		sandbox.clearFaults();
		await hurry(n8n.idle());
		expect(n8n.executions).toHaveLength(1);
		expect(await passedOn(n8n)).toEqual([{ event: 'paid', invoice }]);
		expect((await post(url, says(id))).body).toEqual(DUPLICATE);
	});

	it('starts an execution with no more than what is needed to ask', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.addFault({ ...DOWN, times: 3 });
		await post(url, { ...says(id), id: UNKNOWN_ID });
		await hurry(n8n.idle());
		const { runData } = n8n.getResult(n8n.executions[0]);
		const [first] = n8n.getInput(n8n.executions[0]);
		expect(Object.keys(first)).toEqual(['pending']);
		expect(first.pending).toMatchObject({ id, otherIds: [UNKNOWN_ID], status: 'Paid' });
		expect(JSON.stringify(first)).not.toContain('invoice');
		expect(Object.keys(runData)).toEqual([TRIGGER_NAME, 'After']);
	});

	it('once is bridged over by a second question', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.addFault({ ...DOWN, times: 1 });
		expect((await post(url, says(id))).body).toEqual(RECEIVED);
		expect(await passedOn(n8n)).toHaveLength(1);
	});

	it('is answered as a duplicate when it comes again meanwhile, also at the same moment', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.addFault(DOWN);
		const copies = Array.from({ length: 20 }, async () => (await post(url, says(id))).body);
		const answers = await hurry(Promise.all(copies));
		expect(answers.filter((body) => !('duplicate' in (body as object)))).toEqual([PENDING]);
		expect((await post(url, says(id))).body).toEqual(DUPLICATE);
		sandbox.clearFaults();
		expect(await hurry(passedOn(n8n))).toHaveLength(1);
	});

	it('for a minute fails, naming the invoice and what to do; a retry passes it on, once', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.addFault(DOWN);
		const start = Date.now();
		expect((await post(url, says(id))).body).toEqual(PENDING);
		await hurry(n8n.idle());
		expect(Date.now() - start).toBeGreaterThan(50_000);
		expect(Date.now() - start).toBeLessThan(75_000);
		const [failed] = n8n.executions;
		expect(failed.status).toBe('error');
		expect(getError(n8n, failed)).toContain(id);
		expect(getError(n8n, failed)).toContain('retry this execution');
		expect(getError(n8n, failed)).not.toContain(sandbox.apiKey);
		expect(await passedOn(n8n)).toEqual([]);

		sandbox.clearFaults();
		await hurry(n8n.retry(failed));
		expect(await passedOn(n8n)).toMatchObject([{ event: 'paid', invoice: { id } }]);
		expect((await post(url, says(id))).body).toEqual(DUPLICATE);
	});

	it('and that came through by a copy meanwhile is not passed on by a retry as well', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.addFault(DOWN);
		await post(url, says(id));
		await hurry(n8n.idle());
		sandbox.clearFaults();
		expect((await post(url, says(id))).body).toEqual(RECEIVED);
		await n8n.idle();
		n8n.restart();
		await hurry(n8n.retry(n8n.executions[0]));
		expect(await passedOn(n8n)).toHaveLength(1);
		expect(n8n.executions.at(-1)?.status).toBe('success');
	});

	it('because nothing listens there fails after a minute', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		await sandbox.close();
		expect((await post(url, { id })).body).toEqual(PENDING);
		await hurry(n8n.idle());
		expect(getError(n8n, n8n.executions[0])).toContain(
			`SafePays could not be asked about invoice ${id}: SafePays cannot be reached (connection refused)`,
		);
	});

	it('because its credential is gone is accepted as well', async () => {
		const { n8n, url, id } = await activeWith('Paid');
		n8n.meddle = (context) => {
			context.getCredentials = async () =>
				await Promise.reject(new Error('Credential with ID "1" does not exist'));
		};
		expect((await post(url, { id })).body).toEqual(PENDING);
		expect(n8n.crashes).toEqual([]);
		expect(await hurry(passedOn(n8n))).toHaveLength(1);
	});

	it('is dropped when the API says another status than chosen, or knows no such invoice', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Failed');
		sandbox.addFault(DOWN);
		await post(url, { id });
		await post(url, { id: UNKNOWN_ID });
		sandbox.clearFaults();
		await hurry(n8n.idle());
		expect(n8n.executions.map(({ status }) => status)).toEqual(['success', 'success']);
		expect(n8n.executions.flatMap((execution) => n8n.getItems(execution, TRIGGER_NAME))).toEqual(
			[],
		);
		expect(await passedOn(n8n)).toEqual([]);
	});

	it('is not settled by an answer with another, paid invoice', async () => {
		const { sandbox, n8n, url } = await active();
		const other = await getInvoice(sandbox, await invoiceThatIs(sandbox, 'Paid'));
		const liar = await receiver((_nth, response) => {
			response.setHeader('Content-Type', 'application/json');
			response.end(JSON.stringify({ status: 'success', invoice: other }));
		});
		n8n.world.credentials.baseUrl = new URL(liar.url).origin;
		expect((await post(url, says(UNKNOWN_ID))).body).toEqual(PENDING);
		await hurry(n8n.idle());
		expect(getError(n8n, n8n.executions[0])).toMatch(
			/^SafePays could not be asked about invoice .*: The answer is about another invoice than the one asked for/,
		);
		expect(await passedOn(n8n)).toEqual([]);
	});

	it('is not settled by a status that SafePays does not document', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid', {
			events: ['paid', 'failed', 'unpaid'],
		});
		sandbox.setStatus(id, 'Refunded' as InvoiceStatus);
		expect((await post(url, says(id))).body).toEqual(PENDING);
		await hurry(n8n.idle());
		expect(getError(n8n, n8n.executions[0])).toContain('"Refunded"');
	});
});

describe('A rate limit', () => {
	const limit = (seconds: number, times?: number): Fault => ({
		kind: 'status',
		status: 429,
		headers: { 'Retry-After': String(seconds) },
		times,
	});

	it('of 20 seconds is waited out by everybody, without asking before', async () => {
		const { sandbox, n8n, url } = await active();
		const ids = await invoicesThatAre(sandbox, 'Paid', 10);
		sandbox.requests.length = 0;
		sandbox.addFault(limit(20, 1));
		for (const id of ids) expect((await post(url, says(id))).body).toEqual(PENDING);
		expect(sandbox.requests).toHaveLength(1);
		expect(await hurry(passedOn(n8n))).toHaveLength(10);
		expect(sandbox.requests).toHaveLength(11);
	});

	it('of three minutes is waited out', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.addFault(limit(180, 1));
		const start = Date.now();
		await post(url, says(id));
		expect(await hurry(passedOn(n8n))).toHaveLength(1);
		expect(Date.now() - start).toBeGreaterThan(175_000);
	});

	it('of an hour is not', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.addFault(limit(3600));
		await post(url, says(id));
		await hurry(n8n.idle());
		expect(n8n.executions[0].status).toBe('error');
		expect(getError(n8n, n8n.executions[0])).toContain(id);
	});
});

describe('An API that lags behind its own notification', () => {
	it.each<[InvoiceStatus, InvoiceStatus]>([
		['Invoice Created', 'Paid'],
		['Failed', 'Paid'],
		['Invoice Created', 'Unpaid'],
	])('and says "%s" is asked until it says "%s"', async (before, after) => {
		const { sandbox, n8n, url, id } = await activeWith(before, { events: ['paid', 'unpaid'] });
		expect((await post(url, says(id, after))).body).toEqual(PENDING);
		const over = hurry(n8n.idle());
		await until(() => asked(sandbox, id).length > 4);
		sandbox.setStatus(id, after);
		await over;
		expect(await passedOn(n8n)).toMatchObject([{ event: after.toLowerCase(), invoice: { id } }]);
	});

	it('for a minute makes the execution fail, which can be retried', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Invoice Created');
		expect((await post(url, says(id))).body).toEqual(PENDING);
		await hurry(n8n.idle());
		const [failed] = n8n.executions;
		expect(getError(n8n, failed)).toContain(`still says "Invoice Created" of invoice ${id}`);
		sandbox.setStatus(id, 'Paid');
		await hurry(n8n.retry(failed));
		expect(await passedOn(n8n)).toHaveLength(1);
	});

	it('passes on what the API says after a minute, where that is chosen, too', async () => {
		const { n8n, url, id } = await activeWith('Failed', { events: ['paid', 'failed'] });
		expect((await post(url, says(id))).body).toEqual(PENDING);
		expect(await hurry(passedOn(n8n))).toMatchObject([{ event: 'failed' }]);
		expect((await post(url, says(id))).body).toEqual({ received: true, ignored: 'Failed' });
	});
});

describe('A key that SafePays refuses', () => {
	it.each([
		['wrong', 'a-key-that-is-wrong', '401'],
		['of a banned account', 'sandbox-banned-key', '403'],
		['empty', '', '400'],
	])(
		'because it is %s fails the execution at once, and says so once',
		async (_what, apiKey, status) => {
			const { sandbox, n8n, url, id } = await activeWith('Paid');
			const goodKey = sandbox.apiKey;
			n8n.world.credentials.apiKey = apiKey;
			const answer = await post(url, says(id));
			expect(answer.body).toEqual(PENDING);
			await n8n.idle();
			const [failed] = n8n.executions;
			expect(failed.status).toBe('error');
			for (const words of [id, status, 'Check the API key in the SafePays credential'])
				expect(getError(n8n, failed)).toContain(words);
			expect(n8n.log.join()).toContain('Check the API key in the SafePays credential');
			if (apiKey) expect(n8n.log.join() + getError(n8n, failed)).not.toContain(apiKey);
			expect((await post(url, says(id))).body).toEqual(DUPLICATE);
			expect(n8n.executions).toHaveLength(1);

			n8n.world.credentials.apiKey = goodKey;
			expect((await post(url, says(id))).body).toEqual(RECEIVED);
			await n8n.idle();
			await n8n.retry(failed);
			expect(await passedOn(n8n)).toHaveLength(1);
		},
	);
});

describe('A long outage', () => {
	it('keeps five executions asking; the others fail after 25 seconds, and new ones at once', async () => {
		const { sandbox, n8n, url } = await active();
		const ids = await invoicesThatAre(sandbox, 'Paid', 30);
		sandbox.addFault(DOWN);
		const start = Date.now();
		for (const id of ids.slice(0, 20)) await post(url, says(id));
		const over = hurry(n8n.idle());
		const failed = () => n8n.executions.filter(({ status }) => status === 'error');
		await until(() => failed().length === 15);
		expect(Date.now() - start).toBeGreaterThan(24_000);
		expect(Date.now() - start).toBeLessThan(45_000);
		expect(getError(n8n, failed()[0])).toContain('no question got through');
		for (const id of ids.slice(20)) await post(url, says(id));
		await until(() => failed().length === 25);
		sandbox.clearFaults();
		await over;
		expect(await hurry(passedOn(n8n))).toHaveLength(5);
	});

	it('of 15 seconds makes nobody fail', async () => {
		const { sandbox, n8n, url } = await active();
		const ids = await invoicesThatAre(sandbox, 'Paid', 20);
		sandbox.addFault(DOWN);
		const start = Date.now();
		for (const id of ids) expect((await post(url, says(id))).body).toEqual(PENDING);
		const over = hurry(n8n.idle());
		await until(() => Date.now() - start > 15_000);
		sandbox.clearFaults();
		await over;
		expect(await passedOn(n8n)).toHaveLength(20);
	});
});

describe('Node settings that would hand a pending item on', () => {
	it.each<Partial<INode>>([
		{ alwaysOutputData: true },
		{ onError: 'continueRegularOutput' },
		{ onError: 'continueErrorOutput' },
		{ continueOnFail: true },
	])('(%j) turn it away with 503, and the log says so', async (settings) => {
		const { sandbox, n8n, url, id } = await activeWith('Paid', {}, settings);
		sandbox.addFault({ ...DOWN, times: 2 });
		const answer = await post(url, says(id));
		expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '30' } });
		expect(n8n.executions).toEqual([]);
		expect(n8n.log.join()).toContain('"Always Output Data"');
		expect((await post(url, says(id))).body).toEqual(RECEIVED);
	});

	it.each([
		['the question is left to an execution, without them', {}, PENDING],
		['SafePays is asked for the sender, with them', { alwaysOutputData: true }, RECEIVED],
	])('decide while ten executions ask: %s', async (_what, settings, answer) => {
		const { url, id } = await activeWith('Paid', {}, settings);
		const credentials = { safePaysApi: { id: '1' } };
		const throttle = getThrottle({ getNode: () => ({ credentials }) } as unknown as NodeContext);
		let answerAll = () => {};
		const answered = new Promise<void>((resolve) => (answerAll = resolve));
		for (let nth = 0; nth < 10; nth++) void throttle.ask(async () => await answered);
		expect((await hurry(post(url, says(id)))).body).toEqual(answer);
		answerAll();
	});
});

describe('A pending event that n8n cannot start an execution for', () => {
	const fail = () => {
		throw new Error('The database is away');
	};

	it.each([
		['SafePays is down', 'Paid', DOWN],
		['SafePays lags behind', 'Invoice Created', undefined],
	] as const)(
		'because %s is not answered as received, and the next try is',
		async (_what, status, fault) => {
			const { sandbox, n8n, url, id } = await activeWith(status);
			if (fault) sandbox.addFault(fault);
			n8n.beforeStart = fail;
			expect((await hurry(post(url, says(id)))).status).toBe(500);
			n8n.beforeStart = undefined;
			expect((await hurry(post(url, says(id)))).body).toEqual(PENDING);
			sandbox.clearFaults();
			sandbox.setStatus(id, 'Paid');
			expect(await hurry(passedOn(n8n))).toHaveLength(1);
		},
	);

	it('at once is answered within 5 seconds, and started when there is a free slot', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.addFault(DOWN);
		const slot = freeLater(n8n);
		const answer = await post(url, says(id));
		expect(answer.body).toEqual(PENDING);
		expect(answer.ms).toBeLessThan(5000);
		sandbox.clearFaults();
		slot.free();
		await until(() => n8n.executions.length === 1);
		expect(await hurry(passedOn(n8n))).toHaveLength(1);
		expect((await post(url, says(id))).body).toEqual(DUPLICATE);
	});

	it('after it was answered is named in the log, and let through when it comes again', async () => {
		const { sandbox, n8n, url, id } = await activeWith('Paid');
		sandbox.addFault(DOWN);
		const slot = freeLater(n8n);
		expect((await post(url, says(id))).body).toEqual(PENDING);
		slot.refuse(new Error('The database is away'));
		await until(() => n8n.log.join().includes(id));
		n8n.beforeStart = undefined;
		sandbox.clearFaults();
		expect((await post(url, says(id))).body).toEqual(RECEIVED);
		expect(await passedOn(n8n)).toHaveLength(1);
	});
});

/** Lets executions start, or not, when it is told to. */
function freeLater(n8n: N8n): { free: () => void; refuse: (error: Error) => void } {
	let free: () => void = () => {};
	let refuse: (error: Error) => void = () => {};
	const decided = new Promise<void>((resolve, reject) => {
		free = resolve;
		refuse = reject;
	});
	n8n.beforeStart = async () => await decided;
	return { free, refuse };
}

describe('What is pending', () => {
	it('is bounded: past 1,000 nothing more is accepted, until one has ended', () => {
		const pending = new PendingEvents({
			getWorkflow: () => ({ id: 'workflow' }),
			getNode: () => ({ id: 'node' }),
		} as unknown as IWebhookFunctions);
		const event = (nth: number) => ({ ids: [`invoice-${nth}`] });
		for (let nth = 0; nth < 1000; nth++) expect(pending.open(event(nth))).toBe(true);
		expect(pending.open(event(1000))).toBe(false);
		pending.close(event(7));
		expect(pending.open(event(1000))).toBe(true);
		expect(pending.open(event(1001))).toBe(false);
		// What another process settles is not heard of, so it is forgotten in time.
		jest.advanceTimersByTime(80_000);
		expect(pending.isOpen(event(1000))).toBe(false);
		expect(pending.open(event(1001))).toBe(true);
	});
});
