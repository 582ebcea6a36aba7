import { randomUUID } from 'crypto';

import type { GenericValue, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { handsPendingOn, SETTINGS_ADVICE } from './nodeSettings';
import type { Notification } from './parse';
import { parseNotification, readBody } from './parse';
import { PendingEvents } from './pendingEvents';
import { RecentEvents } from './recentEvents';
import { acceptPending, rejectFalse, responses, undoIfNotStarted } from './responses';
import { pickQuery } from './signedQuery';
import { getThrottle } from './throttle';
import type { Carried, Pending } from './triggerItems';
import type { TriggerParameters } from './triggerParameters';
import { EVENTS, readTriggerParameters } from './triggerParameters';
import type { ConfirmedVerdict, Verdict } from './verify';
import { getAnswerDeadline, isBehind, verifyQuickly } from './verify';

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
	const parameters = readTriggerParameters(context);
	const isDuplicate = () => parameters.deduplicate && isKnown(context, notification);
	if (isDuplicate()) return responses.received(context, { duplicate: true });

	const throttle = getThrottle(context);
	const canDefer = !handsPendingOn(context.getNode());
	let verdict = await verifyQuickly(context, notification, deadline, canDefer);
	// Of many that come at once, the first answers show whether they are a flood. If not, the others ask now.
	if (verdict === undefined && !(await throttle.isFlooded()))
		verdict = await verifyQuickly(context, notification, deadline, canDefer);

	const rejection = rejectFalse(context, notification, verdict);
	if (rejection) return rejection;
	const carried = carry(context, parameters, body);
	if (verdict?.kind === 'confirmed' && isFinal(parameters, verdict, notification))
		return startWorkflow(context, parameters, verdict, carried);
	if (verdict === undefined && (await throttle.isFlooded()))
		return responses.unavailable(context, throttle.outage.getPauseMs() / 1000 || undefined);
	// A copy may have been accepted while this one was asked about.
	if (isDuplicate()) return responses.received(context, { duplicate: true });
	return accept(context, notification, verdict, carried, deadline);
}

/** Whether the same was passed on lately, or is pending. */
function isKnown(context: IWebhookFunctions, notification: Notification): boolean {
	const { ids, status } = notification;
	return (
		new RecentEvents(context).settles(ids[0], status) ||
		new PendingEvents(context).isOpen(notification)
	);
}

/** What goes along to the execution. */
function carry(
	context: IWebhookFunctions,
	{ includeNotification }: TriggerParameters,
	body: GenericValue,
): Carried {
	const carried: Carried = { receipt: randomUUID() };
	const query = pickQuery(context.getQueryData());
	if (query) carried.query = query;
	if (includeNotification) carried.notification = body;
	return carried;
}

/** Whether a confirmed event can be passed on now: not while the API may still confirm a chosen one that the notification names. */
function isFinal(
	{ isChosen }: TriggerParameters,
	verdict: ConfirmedVerdict,
	notification: Notification,
): boolean {
	const { status: said } = notification;
	return said === undefined || !isBehind(verdict, notification) || !isChosen(said);
}

/** Answers a notification about a confirmed event, and starts the workflow if the event is chosen and new. */
function startWorkflow(
	context: IWebhookFunctions,
	{ isChosen, deduplicate }: TriggerParameters,
	{ invoiceId, status, invoice }: ConfirmedVerdict,
	carried: Carried,
): IWebhookResponseData {
	if (!isChosen(status)) return responses.received(context, { ignored: status });
	if (deduplicate) {
		const recent = new RecentEvents(context);
		if (!recent.claim(invoiceId, status)) return responses.received(context, { duplicate: true });
		undoIfNotStarted(context, () => recent.release(invoiceId, status));
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
	return acceptPending(context, [[{ json: { pending } }]], deadline, (isPromised) => {
		pendingEvents.release(notification);
		if (isPromised) {
			context.logger.error(
				`n8n could not start an execution for a notification to the node "${context.getNode().name}" about invoice ${id}, which was answered as received. Look at the invoice in SafePays, and send the notification again if it is paid there.`,
			);
		}
	});
}
