import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import type { Ledger } from '../memory/ledger';
import type { SafePaysClient } from '../transport/client';
import { isUnconfirmed } from '../transport/errors';
import type { InvalidInput } from './input';

/** The two errors that n8n shows with a description and a next step. */
export type NodeError = NodeApiError | NodeOperationError;

/** Whatever went wrong with an item, as an error that n8n can show. */
export function asNodeError(context: IExecuteFunctions, error: unknown, itemIndex: number): NodeError {
	if (error instanceof NodeApiError || error instanceof NodeOperationError) return error;
	const { message, nextStep, field } = error as Partial<InvalidInput>;
	const nodeError = new NodeOperationError(
		context.getNode(),
		`${message ?? 'Unknown problem'} [item ${itemIndex}]`,
		{ itemIndex, description: nextStep },
	);
	if (field !== undefined) nodeError.context.field = field;
	return nodeError;
}

/** What an error item says beside its message. */
export function detailsOf(error: NodeError): IDataObject {
	const details: IDataObject = {};
	if (error instanceof NodeApiError && error.httpCode) details.httpCode = error.httpCode;
	if (error.description) details.description = error.description;
	if (error.context.field) details.field = error.context.field as string;
	if (isUnconfirmed(error)) details.unconfirmed = true;
	return details;
}

/** The error of a run in which nothing was sent, since items have invalid parameters. */
export function withOthers(error: NodeError, others: number): NodeError {
	error.description = [
		error.description,
		'Nothing was sent to SafePays.',
		others > 0 ? `${others} more ${others === 1 ? 'item has' : 'items have'} a problem as well.` : '',
	]
		.filter(Boolean)
		.join(' ');
	return error;
}

/** IDs listed in an error; more would not be read. */
const LISTED_IDS = 50;

/**
 * The first failure, told with everything that a person has to know to clean up.
 *
 * @param begun fingerprints of the requests that this try has come to
 */
export function withHistory(
	failures: NodeError[],
	begun: Set<string>,
	client: SafePaysClient,
	ledger: Ledger,
): NodeError {
	const [error, ...others] = failures;
	const ids = ledger.createdIds();
	const listed = ids.slice(0, LISTED_IDS).join(', ');
	const more = ids.length > LISTED_IDS ? ` and ${ids.length - LISTED_IDS} more` : '';
	error.description = [
		error.description,
		...others.map((other) =>
			isUnconfirmed(other) ? `Also: ${other.message}. ${other.description ?? ''}` : `Also: ${other.message}.`,
		),
		...ledger
			.openExcept(begun)
			.map(
				({ what, sentAt }) =>
					`Also look in SafePays for ${what}, sent by an earlier try at ${client.localTime(new Date(sentAt))}.`,
			),
		ids.length > 0 ? `Created in this run: ${listed}${more}.` : '',
	]
		.filter(Boolean)
		.join('<br />');
	return error;
}

/** n8n keeps no output of a cancelled node: its log is the only place for what was created. */
export function logCreated(context: IExecuteFunctions, ledger: Ledger): void {
	const ids = ledger.createdIds();
	const open = ledger.openExcept(new Set()).map(({ what, sentAt }) => `${what} (sent at ${sentAt})`);
	context.logger.warn(
		`SafePays node "${context.getNode().name}": the execution was cancelled. Created before that: ${ids.join(', ') || 'nothing'}.${
			open.length > 0 ? ` To be looked for in SafePays, since their outcome is not known: ${open.join(', ')}.` : ''
		}`,
	);
}

/** Tells in the editor that the run stood still for the rate limit. */
export function tellOfWaiting(context: IExecuteFunctions, seconds: number): void {
	if (seconds === 0) return;
	context.addExecutionHints({
		message: `SafePays limits how many requests it takes in a time, so this run waited ${seconds} ${seconds === 1 ? 'second' : 'seconds'}. Nothing was lost.`,
		location: 'outputPane',
		type: 'info',
	});
}
