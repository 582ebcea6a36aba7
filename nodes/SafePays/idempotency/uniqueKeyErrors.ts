import { SafePaysError } from '../transport/errors';
import type { SafePaysRequest } from '../transport/request';
import { getMessage } from '../unknownValues';

/** A create with a unique key. */
export interface KeyedCreate {
	request: SafePaysRequest;
	/** The user's own key, e.g. an order number. */
	uniqueKey: string;
}

const CLEAR_IT =
	'Look for it in SafePays. If it is not there, run this again with the option "Create Again If Unsure" turned on, which also creates under a unique key whose invoice is not known.';

/** The key was claimed before, and it is not known whether its invoice exists. */
export function createKeyTakenError({ uniqueKey, request }: KeyedCreate): SafePaysError {
	const unknown = `It is not known whether ${request.summary} exists, so nothing was created.`;
	return new SafePaysError({
		message: `The unique key "${uniqueKey}" is taken: this node has created, or tried to create, an invoice for it before`,
		nextStep: `${unknown} ${CLEAR_IT}`,
		nextStepForTool: `${unknown} Do not try another key. Tell the user to look for the invoice in SafePays, and that the option "Create Again If Unsure" creates it again.`,
	});
}

/** Another execution is creating for the key right now. @param endOfLife when its claim stops counting */
export function createKeyBusyError(
	{ uniqueKey, request }: KeyedCreate,
	endOfLife?: Date,
): SafePaysError {
	const busy = `Nothing was created for this item. Run it again to get that invoice.`;
	const over = endOfLife ? ` from ${endOfLife.toISOString()} on` : '';
	return new SafePaysError({
		message: `The unique key "${uniqueKey}" is taken: another execution is creating ${request.summary} for it`,
		nextStep: `${busy} If n8n was stopped while it did so, look for the invoice in SafePays; if it is not there, the option "Create Again If Unsure" creates it again${over}.`,
		nextStepForTool: `${busy} Do not try another key.`,
	});
}

/** The key was given before for another payer, amount, currency or other line items. */
export function createOtherRequestError(
	{ uniqueKey, request }: KeyedCreate,
	billed: string,
): SafePaysError {
	const message = `The unique key "${uniqueKey}" was used for another request: this node has billed ${billed} under it`;
	return new SafePaysError({
		message,
		nextStep: `Nothing was created for this item, which asks for ${request.summary}. Check the Unique Key: each invoice needs one of its own, such as its order number. To use this one anew, delete its row from the data table "SafePays unique keys".`,
		nextStepForTool:
			'Nothing was created. If this is meant to be the same invoice, do not create it again: tell the user. If it is another one, it needs a key of its own, such as its order number.',
	});
}

/** The credential may lead to another account than it did, such as from the sandbox to SafePays itself. */
export function createNoSuchInvoiceError({ uniqueKey }: KeyedCreate, id: string): SafePaysError {
	return new SafePaysError({
		message: `The unique key "${uniqueKey}" belongs to the invoice ${id}, which SafePays does not know for this API key`,
		nextStep:
			'Nothing was created for this item. Check that the credential belongs to the account that billed it. To use the key anew, delete its row from the data table "SafePays unique keys".',
		nextStepForTool:
			'Nothing was created. Do not try another key. Tell the user that the invoice of this key is not in this SafePays account.',
		httpCode: '404',
	});
}

/** Whether the key is taken cannot be known, so nothing is created for it. */
export function createUnreadableError(error: unknown): SafePaysError {
	return new SafePaysError({
		message: `The unique key could not be looked for in n8n's data table "SafePays unique keys": ${getMessage(error)}`,
		nextStep: 'Nothing was created for this item, so it is safe to run it again.',
	});
}
