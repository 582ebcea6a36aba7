import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IPairedItemData,
} from 'n8n-workflow';
import * as n8nWorkflow from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { isAiTool } from '../aiTool';
import type { UnconfirmedCreate } from '../transport/errors';
import { SafePaysError } from '../transport/errors';
import type { Redact } from '../transport/redact';
import { getMessage, readObject } from '../unknownValues';
import { InvalidInput } from './invalidInput';

/** The two errors that n8n shows with a description and a next step. */
export type NodeError = NodeApiError | NodeOperationError;

/** An output item that n8n can trace back to its input item. */
export type PairedItem = INodeExecutionData & { pairedItem: IPairedItemData };

/** Where an error's node and time zone come from. */
type ErrorContext = Pick<IExecuteFunctions, 'getNode' | 'getTimezone'>;

/** What the errors of one run of the node are made with. */
export interface ErrorScope<Context extends ErrorContext = IExecuteFunctions> {
	context: Context;
	itemCount: number;
	/** Takes the API key out. */
	redact: Redact;
}

/**
 * Whatever ended an item, as an error that n8n can show. Holds plain texts only: never n8n's or
 * axios' error, whose URL has the key.
 */
export function toNodeError(
	scope: ErrorScope<ErrorContext>,
	error: unknown,
	itemIndex: number,
): NodeError {
	if (error instanceof NodeApiError || error instanceof NodeOperationError) return error;
	const { context, itemCount, redact } = scope;
	const place = itemCount > 1 ? ` [item ${itemIndex}]` : '';
	if (error instanceof SafePaysError) {
		const message = redact(`${error.message}${place}`);
		const description = redact(describeNextStep(context, error));
		const { httpCode } = error;
		const nodeError = new NodeApiError(
			context.getNode(),
			{ message },
			{ message, description, httpCode, itemIndex },
		);
		if (error.unconfirmed) nodeError.context.data = { unconfirmed: true };
		return nodeError;
	}
	const { nextStep, field } = error instanceof InvalidInput ? error : {};
	const nodeError = new NodeOperationError(
		context.getNode(),
		redact(`${getMessage(error)}${place}`),
		{
			itemIndex,
			description: nextStep === undefined ? undefined : redact(nextStep),
		},
	);
	if (field !== undefined) nodeError.context.field = field;
	return nodeError;
}

/** Whether a create may have happened in spite of an error that n8n shows. */
export function leavesDoubt(error: NodeError): boolean {
	return readObject(error.context.data).unconfirmed === true;
}

/**
 * The item that replaces a record with "On Error: Continue". n8n routes it to the error output if
 * its JSON has these keys and no others.
 */
export function toErrorItem(
	{ context }: ErrorScope,
	error: NodeError,
	itemIndex: number,
): PairedItem {
	const item: PairedItem = {
		json: { error: error.message, details: getErrorDetails(error) },
		pairedItem: { item: itemIndex },
	};
	// n8n before 2.34.6 looks at the item's own error, and would take one that is enumerable for the JSON.
	if (context.getNode().onError === 'continueErrorOutput') {
		Object.defineProperty(item, 'error', { value: error, enumerable: false, writable: true });
	}
	return item;
}

/**
 * The JSON of an error item, for n8n to store with a waiting execution, which keeps nothing else of
 * the item. n8n before 2.34.6 then recognises an error only if there is no other key;
 * n8n-workflow has `REDACTED` since 2.36.
 */
export function toStoredError(context: IExecuteFunctions, json: IDataObject): IDataObject {
	const routesDetails = 'REDACTED' in n8nWorkflow;
	if (routesDetails || context.getNode().onError !== 'continueErrorOutput') return json;
	return { error: json.error };
}

function getErrorDetails(error: NodeError): IDataObject {
	const details: IDataObject = {};
	if (error instanceof NodeApiError && error.httpCode) details.httpCode = error.httpCode;
	if (error.description) details.description = error.description;
	if (error.context.field) details.field = error.context.field as string;
	if (leavesDoubt(error)) details.unconfirmed = true;
	return details;
}

/** A moment as the user's clock shows it, e.g. `2026-11-21 12:03:04 (Europe/Berlin)`. */
export function formatLocalTime(context: ErrorContext, date: Date): string {
	const timeZone = context.getTimezone();
	return `${date.toLocaleString('sv-SE', { timeZone })} (${timeZone})`;
}

function describeNextStep(context: ErrorContext, error: SafePaysError): string {
	const { unconfirmed, httpCode } = error;
	if (!unconfirmed) return (isAiTool(context.getNode()) && error.nextStepForTool) || error.nextStep;
	// A redirect has to be mended first: a create that is sent again would be redirected again.
	const first = httpCode?.startsWith('3') ? `${error.nextStep} ` : '';
	return first + getLookupHint(context, unconfirmed);
}

function getLookupHint(context: ErrorContext, unconfirmed: UnconfirmedCreate): string {
	const { record, summary, when, time } = unconfirmed;
	const sent = `${when} ${formatLocalTime(context, time)}`;
	if (isAiTool(context.getNode())) {
		return `Do not create it again. Tell the user to look in SafePays for ${summary}, sent ${sent}, and that only if it is not there it should be asked for again.`;
	}
	return `Look in SafePays for ${summary}, sent ${sent}. If it is there, use its ID with ${
		record === 'invoice' ? 'Invoice' : 'Customer'
	} > Get. If it is not, run this again with the option "Create Again If Unsure" turned on.`;
}
