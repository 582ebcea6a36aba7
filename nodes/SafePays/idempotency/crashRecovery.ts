import type { IExecuteFunctions } from 'n8n-workflow';

import { createProcessMap, getNodeKey } from '../processMemory';
import { noteKey, releaseKeys } from './keyClaims';
import type { Ledger } from './ledger';

/** Notes that a process keeps for a node: n8n may be killed in a later node of the execution, too. */
const MAX_NOTES = 200;
const MAX_NODES = 10_000;

const notesByNode = createProcessMap<string[]>(
	MAX_NODES,
	'nodes: when their last 200 executions with a create began',
);

/**
 * Notes in n8n's database that this run of the node is about to create; and in the ledger, if an
 * earlier try has noted the same and n8n has lost what it created.
 *
 * n8n keeps nothing of an execution that it was killed in, and retries it from its trigger. But
 * the time at which it began is kept, and is the same in its retries. So a retry that finds the note,
 * but no ledger, repeats a run whose outcome is not known.
 *
 * For a sub-workflow (before 2.18, for any execution) n8n keeps that time only when the execution
 * ends. In a retry without it, whether the node began to create cannot be known.
 */
export async function noteCreates(context: IExecuteFunctions, ledger: Ledger): Promise<void> {
	const { establishedAt: began, source } = context.getExecutionContext?.() ?? {};
	const isLost = ledger.isNew && context.getMode() === 'retry';
	const time = new Date(began ?? Date.now()).toISOString();
	if (began === undefined || source === 'retry') {
		if (isLost) ledger.lostTry = { when: 'before', time };
		return;
	}
	const note = `creating:${began}:${ledger.run}`;
	const isNew = await noteKey(context, note);
	if (isNew) await keepNote(context, note);
	else if (isLost) ledger.lostTry = { when: 'after', time };
}

async function keepNote(context: IExecuteFunctions, note: string): Promise<void> {
	const node = getNodeKey(context);
	const kept = [...(notesByNode.get(node) ?? []), note];
	notesByNode.set(node, kept.slice(-MAX_NOTES));
	const old = kept.slice(0, -MAX_NOTES);
	if (old.length > 0) await releaseKeys(context, old);
}
