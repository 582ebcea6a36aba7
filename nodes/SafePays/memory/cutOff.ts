import type { IExecuteFunctions } from 'n8n-workflow';

import type { Ledger } from './ledger';
import { nodeKey } from './nodeKey';
import { noteKey, releaseKeys } from './processedKeys';

/** Notes that a process keeps for a node: n8n may be killed in a later node of the execution, too. */
const MAX_NOTES = 200;

const notes = new Map<string, string[]>();

/**
 * Notes in n8n's database that this run of the node is about to create, and in the ledger if an
 * earlier try did so and was lost.
 *
 * n8n keeps nothing of an execution that it was killed in, and retries it from its trigger. But
 * when an execution began is kept before it starts and is the same in its retries. So a retry that
 * finds the note, but no ledger, repeats a run that nobody knows the outcome of.
 *
 * Of a sub-workflow's execution n8n keeps that only at its end (before 2.18, of any execution). A
 * retry without it begins anew, and whether the node came to create cannot be known.
 */
export async function noteCreates(context: IExecuteFunctions, ledger: Ledger): Promise<void> {
	const { establishedAt: began, source } = context.getExecutionContext?.() ?? {};
	const isLost = ledger.isNew && context.getMode() === 'retry';
	const time = new Date(began ?? Date.now()).toISOString();
	if (began === undefined || source === 'retry') {
		if (isLost) ledger.cutOff = { when: 'before', time };
		return;
	}
	const note = `creating:${began}:${ledger.run}`;
	const isNew = await noteKey(context, note);
	if (isNew) await keep(context, note);
	else if (isLost) ledger.cutOff = { when: 'after', time };
}

async function keep(context: IExecuteFunctions, note: string): Promise<void> {
	const name = nodeKey(context);
	const kept = [...(notes.get(name) ?? []), note];
	notes.set(name, kept.slice(-MAX_NOTES));
	const old = kept.slice(0, -MAX_NOTES);
	if (old.length > 0) await releaseKeys(context, old);
}
