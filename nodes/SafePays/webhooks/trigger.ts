import { randomUUID } from 'crypto';

import type {
	GenericValue,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import { getApiKey } from '../../../credentials/SafePaysApi.credentials';
import { toNodeError } from '../errors/nodeErrors';
import { claimKeys, releaseKeys } from '../idempotency/keyClaims';
import type { Invoice } from '../transport/records';
import { INVOICE_STATUS, parseInvoiceStatus } from '../transport/records';
import { readObject } from '../unknownValues';
import { pickQuery, verifyQuery } from './signedQuery';
import { handsPendingOn, SETTINGS_ADVICE } from './nodeSettings';
import type { Notification } from './parse';
import { parseNotification, readBody } from './parse';
import type { Pending } from './pending';
import { PendingEvents, settle } from './pending';
import { RecentEvents } from './recentEvents';
import { responses } from './responses';
import { getThrottle } from './throttle';
import type { Verdict } from './verify';
import type { NodeContext } from '../transport/sendOnce';
import { getAnswerDeadline, isBehind, verifyQuickly } from './verify';

type Confirmed = Extract<Verdict, { kind: 'confirmed' }>;

/** What the user chooses among, by the status that the API gives. */
const EVENTS: Record<Confirmed['status'], string> = {
	[INVOICE_STATUS.paid]: 'paid',
	[INVOICE_STATUS.failed]: 'failed',
	[INVOICE_STATUS.unpaid]: 'unpaid',
};

/** What an item carries from `webhook()` to `execute()` beside the event itself. */
type Carried = Pick<Pending, 'query' | 'notification' | 'receipt'>;

/** A confirmed event on that way. */
type ConfirmedItem = IDataObject & Carried & { event: string; invoice: Invoice };

/**
 * Receives a notification: asks the API about its invoice, and starts the workflow with the API's
 * answer if that is a chosen event which has not been passed on before. What cannot be settled in
 * time is accepted as pending, and settled in the execution. See docs/trigger.md for the table of
 * answers.
 */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const deadline = getAnswerDeadline();
	const body = await readBody(context);
	const notification = parseNotification(body);
	if (!notification) return responses.malformed(context);

	const recent = shouldDeduplicate(context) ? new RecentEvents(context) : undefined;
	const isKnown = () =>
		recent !== undefined &&
		(recent.settles(notification.ids[0], notification.status) ||
			new PendingEvents(context).isOpen(notification));
	if (isKnown()) return responses.received(context, { duplicate: true });

	const canDefer = !handsPendingOn(context.getNode());
	let verdict = await verifyQuickly(context, notification, deadline, canDefer);
	// Those that all came at once have too few answers to know a flood by, before some ask again.
	if (verdict === undefined && !(await getThrottle(context).isFlooded()))
		verdict = await verifyQuickly(context, notification, deadline, canDefer);
	const carried = carry(context, body);
	if (verdict?.kind === 'unknown') return responses.unknown(context);
	if (verdict?.kind === 'confirmed' && isFinal(context, verdict, notification))
		return passOn(context, verdict, carried, recent);
	if (verdict?.kind === 'created' && notification.status === undefined) {
		getThrottle(context).noteUnconfirmed();
		return responses.created(context);
	}
	if (verdict === undefined && (await getThrottle(context).isFlooded()))
		return responses.unavailable(
			context,
			getThrottle(context).outage.getPauseMs() / 1000 || undefined,
		);
	if (isKnown()) return responses.received(context, { duplicate: true });
	return accept(context, notification, verdict, carried, deadline);
}

/**
 * The trigger's own first step in an execution, where n8n's database and the credential are at hand:
 * settles what is pending, drops what another execution has passed on, and hands out what was signed
 * into the webhook URL. An execution left without items ends here.
 */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const passedOn: INodeExecutionData[] = [];
	const items = context.getInputData();
	for (const [index, { json }] of items.entries()) {
		try {
			const output =
				json.pending === undefined
					? await finish(context, json as ConfirmedItem)
					: await finishPending(context, json.pending as Pending);
			if (output) passedOn.push({ json: output });
		} catch (error) {
			// What SafePays said has come through `sendOnce`, which takes the API key out.
			const redact = <T>(text: T) => text;
			throw toNodeError({ context, itemCount: items.length, redact }, error, index);
		}
	}
	return [passedOn];
}

/** A confirmed event: ends the call, and starts the workflow if it is chosen and new. */
function passOn(
	context: IWebhookFunctions,
	{ invoiceId, status, invoice }: Confirmed,
	carried: Carried,
	recent: RecentEvents | undefined,
): IWebhookResponseData {
	if (!isChosen(context, status)) return responses.received(context, { ignored: status });
	if (recent) {
		if (!recent.claim(invoiceId, status)) return responses.received(context, { duplicate: true });
		const response = context.getResponseObject();
		response.once('finish', () => {
			// n8n could not start the workflow and said so: SafePays' next try has to be let through.
			if (response.statusCode >= 500) recent.release(invoiceId, status);
		});
	}
	return {
		webhookResponse: { received: true },
		workflowData: [[{ json: { event: EVENTS[status], invoice, ...carried } }]],
	};
}

/** Accepts what could not be settled in time, unless the same was accepted lately and never confirmed. */
function accept(
	context: IWebhookFunctions,
	notification: Notification,
	verdict: Verdict | undefined,
	carried: Carried,
	deadline: number,
): IWebhookResponseData {
	const pendingEvents = new PendingEvents(context);
	if (context.getMode() !== 'manual' && pendingEvents.hasEnded(notification, verdict)) {
		return responses.received(
			context,
			verdict?.kind === 'confirmed' ? { ignored: verdict.status } : { duplicate: true },
		);
	}
	if (handsPendingOn(context.getNode())) {
		context.logger.error(
			`The node "${context.getNode().name}" turned a notification about invoice ${notification.ids[0]} away, since SafePays could not be asked in time. ${SETTINGS_ADVICE}`,
		);
		return responses.unavailable(context);
	}
	if (!pendingEvents.open(notification)) return responses.unavailable(context);
	pendingEvents.noteEnding(notification, verdict);
	const [id, ...otherIds] = notification.ids;
	const pending: Pending = { id, status: notification.status, receivedAt: Date.now(), ...carried };
	if (otherIds.length > 0) pending.otherIds = otherIds;
	return responses.pending(context, [[{ json: { pending } }]], deadline, (promised) => {
		pendingEvents.release(notification);
		if (promised) {
			context.logger.error(
				`n8n could not start an execution for a notification to the node "${context.getNode().name}" about invoice ${id}, which was answered as received. Look at the invoice in SafePays, and send the notification again if it is paid there.`,
			);
		}
	});
}

/** Whether a confirmed event can be passed on now: not while the API may still confirm a chosen one that the notification names. */
function isFinal(
	context: IWebhookFunctions,
	verdict: Confirmed,
	notification: Notification,
): boolean {
	const { status: said } = notification;
	return !isBehind(verdict, notification) || said === undefined || !isChosen(context, said);
}

async function finishPending(
	context: IExecuteFunctions,
	pending: Pending,
): Promise<IDataObject | undefined> {
	const verdict = await settle(context, pending);
	if (verdict.kind === 'unknown' || !isChosen(context, verdict.status)) return undefined;
	const { status, invoice } = verdict;
	return await finish(context, { ...pending, event: EVENTS[status], invoice });
}

/** @returns the output; undefined for a duplicate */
async function finish(
	context: IExecuteFunctions,
	{ event, invoice, query, notification, receipt }: ConfirmedItem,
): Promise<IDataObject | undefined> {
	const reference = query && (await readReference(context, query, invoice));
	const status = parseInvoiceStatus(invoice.status) as Confirmed['status'];
	const invoiceId = String(invoice.id).toLowerCase();
	if (shouldDeduplicate(context)) {
		if (!(await claim(context, `event:${invoiceId}:${status}`, receipt))) return undefined;
		new RecentEvents(context).claim(invoiceId, status);
	}
	const output = { event, invoice, ...reference };
	return notification === undefined ? output : { ...output, notification };
}

async function readReference(
	context: IExecuteFunctions,
	query: Carried['query'],
	invoice: Invoice,
) {
	const credentials = await context.getCredentials('safePaysApi');
	return verifyQuery(query, invoice, getApiKey(credentials));
}

/**
 * Claims an event in n8n's database. An execution that n8n was killed in may have claimed it without
 * passing it on, so a retry, which has the same receipt, gets it again.
 */
async function claim(context: IExecuteFunctions, event: string, receipt: string): Promise<boolean> {
	const own = `${event}:${receipt}`;
	const claimed = await claimKeys(context, [event, own]);
	if (claimed.has(event) || !claimed.has(own)) return true;
	await releaseKeys(context, [own]);
	return false;
}

function carry(context: IWebhookFunctions, body: GenericValue): Carried {
	const carried: Carried = { receipt: randomUUID() };
	const query = pickQuery(context.getQueryData());
	if (query) carried.query = query;
	if (readOptions(context).includeNotification === true) carried.notification = body;
	return carried;
}

function isChosen(context: NodeContext, status: Confirmed['status']): boolean {
	return (readParameter(context, 'events', ['paid']) as string[]).includes(EVENTS[status]);
}

/** A test run passes on everything, since the same invoice is sent repeatedly to try a workflow. */
function shouldDeduplicate(context: NodeContext): boolean {
	return context.getMode() !== 'manual' && readOptions(context).deduplicate !== false;
}

function readOptions(context: NodeContext): IDataObject {
	return readObject(readParameter(context, 'options', {}));
}

function readParameter(context: NodeContext, name: string, fallback: string[] | object): unknown {
	return 'getInputData' in context
		? context.getNodeParameter(name, 0, fallback)
		: context.getNodeParameter(name, fallback);
}
