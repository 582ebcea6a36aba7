import { INVOICE_STATUS } from '../transport/records';
import type { NodeContext } from '../transport/sendOnce';
import { readObject } from '../unknownValues';
import type { ConfirmedVerdict } from './verify';

/** A status that the API confirms. */
export type ConfirmedStatus = ConfirmedVerdict['status'];

/** What the user chooses among, by the status that the API gives. */
export const EVENTS: Record<ConfirmedStatus, string> = {
	[INVOICE_STATUS.paid]: 'paid',
	[INVOICE_STATUS.failed]: 'failed',
	[INVOICE_STATUS.unpaid]: 'unpaid',
};

/** What the user has chosen in the trigger. */
export interface TriggerParameters {
	isChosen(status: ConfirmedStatus): boolean;
	deduplicate: boolean;
	includeNotification: boolean;
}

/** Reads the trigger's parameters, which each of n8n's contexts does in its own way. */
export function readTriggerParameters(context: NodeContext): TriggerParameters {
	const read = (name: string, fallback: string[] | object): unknown =>
		'getInputData' in context
			? context.getNodeParameter(name, 0, fallback)
			: context.getNodeParameter(name, fallback);
	const events = read('events', ['paid']) as string[];
	const options = readObject(read('options', {}));
	return {
		isChosen: (status) => events.includes(EVENTS[status]),
		// A test run passes on everything, since the same invoice is sent repeatedly to try a workflow.
		deduplicate: context.getMode() !== 'manual' && options.deduplicate !== false,
		includeNotification: options.includeNotification === true,
	};
}
