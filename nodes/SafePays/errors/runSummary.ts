import type { IExecuteFunctions } from 'n8n-workflow';

import type { CreateSummary } from '../idempotency';
import { showHint } from './hints';
import type { NodeError } from './nodeErrors';
import { formatLocalTime, leavesDoubt } from './nodeErrors';

/** IDs listed in an error; more would not be read. */
const LISTED_IDS = 50;

/** The error of a run in which nothing was sent, since items have invalid parameters. */
export function withInvalidItems(error: NodeError, others: number): NodeError {
	error.description = [
		error.description,
		'Nothing was sent to SafePays.',
		others > 0 ? `${others} more ${others === 1 ? 'item is' : 'items are'} not valid.` : '',
	]
		.filter(Boolean)
		.join(' ');
	return error;
}

/** The first error of a run, with everything that a person has to know to clean up after the run. */
export function withRunSummary(
	context: IExecuteFunctions,
	[error, ...others]: NodeError[],
	{ createdIds, pendingOfEarlierTries }: CreateSummary,
): NodeError {
	const listed = createdIds.slice(0, LISTED_IDS).join(', ');
	const more = createdIds.length > LISTED_IDS ? ` and ${createdIds.length - LISTED_IDS} more` : '';
	error.description = [
		error.description,
		...others.map((other) =>
			leavesDoubt(other)
				? `Also: ${other.message}. ${other.description ?? ''}`
				: `Also: ${other.message}.`,
		),
		...pendingOfEarlierTries.map(
			({ summary, sentAt }) =>
				`Also look in SafePays for ${summary}, sent by an earlier try at ${formatLocalTime(context, new Date(sentAt))}.`,
		),
		createdIds.length > 0 ? `Created in this run: ${listed}${more}.` : '',
	]
		.filter(Boolean)
		.join('<br />');
	return error;
}

/** n8n keeps no output of a cancelled node: its log is the only place for what was created. */
export function logCancelledRun(
	context: IExecuteFunctions,
	{ createdIds, pending }: CreateSummary,
): void {
	const open = pending.map(({ summary, sentAt }) => `${summary} (sent at ${sentAt})`);
	context.logger.warn(
		`SafePays node "${context.getNode().name}": the execution was cancelled. Created before that: ${createdIds.join(', ') || 'nothing'}.${
			open.length > 0
				? ` To be looked for in SafePays, since their outcome is not known: ${open.join(', ')}.`
				: ''
		}`,
	);
}

/** Shows a hint that the run was paused by the rate limit. */
export function showRateLimitHint(context: IExecuteFunctions, seconds: number): void {
	if (seconds === 0) return;
	showHint(
		context,
		`SafePays limits the number of requests, so this run waited ${seconds} ${seconds === 1 ? 'second' : 'seconds'}. Nothing was lost.`,
	);
}
