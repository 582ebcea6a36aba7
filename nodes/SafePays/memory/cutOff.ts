import type { IExecuteFunctions } from 'n8n-workflow';

import { noteKey, releaseKey } from './processedKeys';

/** The creates of one run of the node, from before the first is sent until the last has an outcome. */
export interface Creating {
	/** Set if this execution retries one that n8n may have been killed in while it created; its ledger is lost. */
	cutOff?: CutOff;
	/** Every create has an outcome, which n8n will keep. */
	end: () => Promise<void>;
}

/** When that one created: after it began if that is known, in any case before this one began. */
export interface CutOff {
	when: 'after' | 'before';
	time: Date;
}

/**
 * n8n keeps nothing of a node that it was killed in, and retries such an execution from its
 * trigger. But when an execution began is kept before it starts and is the same in its retries, so
 * it can be noted in n8n's database that this node is about to create.
 *
 * Of a sub-workflow's execution n8n keeps that only at its end (before 2.18, of any execution). A
 * retry without it begins anew, and whether the node came to create cannot be known.
 *
 * @param runIndex which run of the node this is: it runs several times in a loop
 */
export async function beginCreates(context: IExecuteFunctions, runIndex: number): Promise<Creating> {
	const { establishedAt: began, source } = context.getExecutionContext?.() ?? {};
	const time = new Date(began ?? Date.now());
	const isRetry = context.getMode() === 'retry';
	if (began === undefined || source === 'retry') {
		return { cutOff: isRetry ? { when: 'before', time } : undefined, end: async () => undefined };
	}
	const key = `creating:${began}:${runIndex}`;
	const isNew = await noteKey(context, key);
	const cutOff: CutOff | undefined = isRetry && !isNew ? { when: 'after', time } : undefined;
	return { cutOff, end: async () => (cutOff ? undefined : await releaseKey(context, key)) };
}
