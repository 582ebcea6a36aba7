import type { IDataObject } from 'n8n-workflow';

import { getBaseUrl } from '../../../../credentials/SafePaysApi.credentials';
import type { PairedItem } from '../../errors/nodeErrors';
import { escapeHtml, showHint } from '../../errors/hints';
import { isOutOfReach, PUBLIC_ADDRESS_ADVICE } from '../../transport/addresses';
import type { OperationRun } from '../operation';
import type { NotificationTarget } from './whenPaid';
import { findNotificationTarget } from './whenPaid';

/** Targets of one run that a hint names; a run with more of them names the first ones. */
const MAX_NAMED_TARGETS = 3;

/**
 * Shows above the output where the first customer pays, and who is notified of the payments: one hint
 * for a run, however many items it has. Reused invoices are left out: they notify whom they did before.
 */
export function showPaymentHint(run: OperationRun, outputs: PairedItem[]): void {
	const created = outputs.filter(({ json }) => !('error' in json) && json.reused !== true);
	if (created.length === 0) return;
	const targets = new Map<string, NotificationTarget>();
	for (const { pairedItem } of created) {
		const parameters = run.parameters[pairedItem.item];
		if (!parameters) continue;
		const target = findNotificationTarget(parameters);
		targets.set(JSON.stringify(target), target);
	}
	const named = [...targets.values()].slice(0, MAX_NAMED_TARGETS);
	const hasWaitNode = hasWaitForPayment(run);
	const sentences = [
		linkPaymentPage(created[0].json, created.length),
		...named.flatMap((target) => [describeTarget(target, hasWaitNode), warnAboutUrl(target, run)]),
	];
	const needsCare = named.some(
		(target) =>
			target.kind === 'nobody' ||
			warnAboutUrl(target, run) !== '' ||
			(target.kind === 'resume' && !hasWaitNode),
	);
	showHint(run.context, sentences.filter(Boolean).join(' '), needsCare ? 'warning' : 'info');
}

function linkPaymentPage({ payment_link: link }: IDataObject, count: number): string {
	if (typeof link !== 'string' || !/^https?:\/\//i.test(link)) return '';
	const anchor = `<a href="${escapeHtml(link)}" target="_blank">Open the payment page</a>`;
	return count > 1 ? `${anchor} of the first of ${count} invoices.` : `${anchor}.`;
}

function describeTarget(target: NotificationTarget, hasWaitNode: boolean): string {
	switch (target.kind) {
		case 'trigger':
			return `When it is paid, the SafePays Trigger at ${showUrl(target)} is notified.`;
		case 'url':
			return `When it is paid, ${showUrl(target)} is notified.`;
		case 'resume':
			return hasWaitNode
				? 'When it is paid, this workflow is notified, at its Wait for Payment node.'
				: 'When it is paid, this execution is notified, but no Wait for Payment node comes after this one: add one.';
		case 'nobody':
			return describeNobody(target);
	}
}

function describeNobody(target: Extract<NotificationTarget, { kind: 'nobody' }>): string {
	if (target.why === 'unreachable') {
		const { origin } = new URL(target.url);
		return `Nobody is notified when it is paid: SafePays cannot reach this n8n at ${origin}, a private address. ${PUBLIC_ADDRESS_ADVICE}`;
	}
	return target.why === 'chosen'
		? 'Nobody is notified when it is paid, as "When Paid" is set to "Do Nothing".'
		: 'Nobody is notified when it is paid: the SafePays credential has no Trigger Path and no Default Webhook URL.';
}

/** Why a notification may not reach an address that the user has given; '' if it should. */
function warnAboutUrl(target: NotificationTarget, { credentials }: OperationRun): string {
	if (target.kind !== 'trigger' && target.kind !== 'url') return '';
	if (new URL(target.url).pathname.includes('/webhook-test/'))
		return 'This is a test URL: it takes one notification, while you listen for a test event.';
	return isOutOfReach(target.url, getBaseUrl(credentials))
		? 'But SafePays cannot reach that private address: use a public one.'
		: '';
}

/** Without the query, which may hold private data. */
function showUrl({ url }: { url: string }): string {
	const { origin, pathname } = new URL(url);
	return escapeHtml(origin + pathname);
}

function hasWaitForPayment({ context }: OperationRun): boolean {
	const { name } = context.getNode();
	return context
		.getChildNodes(name, { includeNodeParameters: true })
		.some(({ parameters, disabled }) => !disabled && parameters?.operation === 'waitForPayment');
}
