import type { IExecuteFunctions } from 'n8n-workflow';

import { noteKey, releaseKey } from './processedKeys';

/** The creates of one run of the node, from before the first is sent until the last has an outcome. */
export interface Creating {
	/** When the execution began that this one retries, if n8n was killed while that one created; its ledger is lost. */
	cutOffSince?: Date;
	/** Every create has an outcome, which n8n will keep. */
	end: () => Promise<void>;
}

/**
 * n8n keeps nothing of a node that it was killed in, and retries such an execution from its
 * trigger. But when an execution began is kept before it starts and is the same in its retries, so
 * it can be noted in n8n's database that this node is about to create.
 *
 * @param runIndex which run of the node this is: it runs several times in a loop
 */
export async function beginCreates(context: IExecuteFunctions, runIndex: number): Promise<Creating> {
	const began = context.getExecutionContext?.()?.establishedAt;
	if (began === undefined) return { end: async () => undefined };
	const key = `creating:${began}:${runIndex}`;
	const isNew = await noteKey(context, key);
	const cutOff = !isNew && context.getMode() === 'retry';
	return {
		cutOffSince: cutOff ? new Date(began) : undefined,
		end: async () => (cutOff ? undefined : await releaseKey(context, key)),
	};
}
