import type { RecordName } from './records';
import type { SafePaysRequest } from './request';

/** A create that may have happened: its outcome is not known. */
export interface UnconfirmedCreate {
	record: RecordName;
	/** What a person would look for in SafePays, e.g. "an invoice of 200 USD to john@example.com". */
	summary: string;
	/** How the time of sending is known: exactly, or only that it lies after or before `time`. */
	when: 'at' | 'after' | 'before';
	time: Date;
}

/** What an error says. */
export interface ErrorText {
	message: string;
	nextStep: string;
}

interface SafePaysErrorDetails extends ErrorText {
	/** The next step for a model that calls the node as a tool, instead of `nextStep`. */
	nextStepForTool?: string;
	httpCode?: string;
	/** SafePays itself refused the request, in its own words. */
	rejected?: boolean;
	unconfirmed?: UnconfirmedCreate;
}

/**
 * Why a request, or a create that was not sent, ended without a record. Plain text that knows no
 * node and no item: `errors/` makes n8n's error of it.
 */
export class SafePaysError extends Error {
	readonly nextStep: string;
	readonly nextStepForTool?: string;
	readonly httpCode?: string;
	readonly rejected: boolean;
	readonly unconfirmed?: UnconfirmedCreate;

	constructor(details: SafePaysErrorDetails) {
		super(details.message);
		this.nextStep = details.nextStep;
		this.nextStepForTool = details.nextStepForTool;
		this.httpCode = details.httpCode;
		this.rejected = details.rejected === true;
		this.unconfirmed = details.unconfirmed;
	}
}

/** Whether a create may have happened in spite of an error. */
export function isUnconfirmed(error: unknown): boolean {
	return error instanceof SafePaysError && error.unconfirmed !== undefined;
}

/** The error of a create, which this attempt or an earlier one may have done anyway. */
export function withUnconfirmed(
	error: SafePaysError,
	unconfirmed: UnconfirmedCreate | undefined,
): SafePaysError {
	if (!unconfirmed) return error;
	const message = `${error.message}. The ${unconfirmed.record} may have been created anyway`;
	return new SafePaysError({ ...error, message, unconfirmed });
}

/** The error of a request that was not sent because the rate limit outlasts the time to wait for it. */
export function createRateLimitError(pauseMs: number, waitSeconds: number): SafePaysError {
	return new SafePaysError({
		message: `SafePays' rate limit is reached: it asks to wait ${Math.ceil(pauseMs / 1000)} more seconds`,
		nextStep: `Nothing was sent for this item, so it is safe to run it again. The option "Rate Limit Wait (Seconds)" lets an item wait ${waitSeconds} seconds; raise it, or send fewer items at a time.`,
		httpCode: '429',
	});
}

/** The error of a request that was not sent (again) because the user cancelled the execution. */
export function createCancelledError(isAgain = false): SafePaysError {
	return new SafePaysError({
		message: `The execution was cancelled before this item was sent to SafePays${isAgain ? ' again' : ''}`,
		nextStep: 'Nothing was sent for this item.',
	});
}

/** The error of a create that an earlier try left unconfirmed, and that is therefore not sent again. */
export function createNotResentError(
	{ record, summary }: SafePaysRequest,
	{ when, time }: Pick<UnconfirmedCreate, 'when' | 'time'>,
): SafePaysError {
	return new SafePaysError({
		message: `Not sent again: an earlier try may have created the ${record}`,
		nextStep: '',
		unconfirmed: { record, summary, when, time },
	});
}
