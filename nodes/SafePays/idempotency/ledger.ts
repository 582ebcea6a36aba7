import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { isAiTool } from '../aiTool';
import type { RecordName, Records } from '../transport/records';

/** A create whose outcome is not known (yet). */
export interface PendingCreate {
	status: 'pending';
	/** ISO time. */
	sentAt: string;
	/** e.g. "an invoice of 200 USD to john@example.com" */
	summary: string;
}

interface DoneCreate {
	status: 'created';
	/** As SafePays returned it. */
	record: Records[RecordName];
}

type LedgerEntry = PendingCreate | DoneCreate;

/** When an earlier try of this run may have created something: after it began, or before this one began. */
interface LostTry extends IDataObject {
	when: 'after' | 'before';
	/** ISO time. */
	time: string;
}

/** How the ledger is kept in n8n's node context. */
interface LedgerState {
	/** The run of the node (it runs several times in a loop) that the entries belong to, as n8n counts; a tool's belong to all its runs. */
	runIndex: number;
	/** The same as counted here, from 0: n8n also counts runs that it has lost. */
	run: number;
	entries: Record<string, LedgerEntry>;
	lostTry?: LostTry;
}

const CONTEXT_KEY = 'safePaysCreates';

/**
 * What this execution has created, so that "Retry On Fail" and retrying the execution in the
 * editor, which both run the node again with all its items, create nothing twice.
 *
 * Kept in n8n's node context, which survives both. An entry belongs to a request's content, not to
 * an item's place, so it is found again when other items have changed; the n-th of several equal
 * requests is a request of its own.
 */
export class Ledger {
	/** Whether n8n has kept nothing of an earlier try of this run; there may have been none. */
	readonly isNew: boolean;
	private readonly state: LedgerState;

	constructor(context: IExecuteFunctions) {
		const store: Record<string, unknown> = context.getContext('node');
		const runIndex = Number(context.evaluateExpression('{{ $runIndex }}', 0));
		const state = store[CONTEXT_KEY] as LedgerState | undefined;
		// Each call of a model is a run: one that asks again after an unknown outcome must find that.
		this.isNew = !state || (state.runIndex !== runIndex && !isAiTool(context.getNode()));
		this.state =
			state && !this.isNew ? state : { runIndex, run: state ? state.run + 1 : 0, entries: {} };
		store[CONTEXT_KEY] = this.state;
	}

	/** Which run of the node this is, from 0; the same when it is retried. */
	get run(): number {
		return this.state.run;
	}

	/** Set if n8n has lost what an earlier try of this run has created. */
	get lostTry(): LostTry | undefined {
		return this.state.lostTry;
	}

	set lostTry(lostTry: LostTry) {
		this.state.lostTry = lostTry;
	}

	find(fingerprint: string): LedgerEntry | undefined {
		return this.state.entries[fingerprint];
	}

	/** Notes a create before it is sent: whatever comes between then and its answer, it may have happened. */
	notePending(fingerprint: string, summary: string, at: Date): void {
		this.state.entries[fingerprint] ??= { status: 'pending', sentAt: at.toISOString(), summary };
	}

	noteCreated(fingerprint: string, record: Records[RecordName]): void {
		this.state.entries[fingerprint] = { status: 'created', record };
	}

	/** Takes back a create that is known not to have happened. */
	forget(fingerprint: string): void {
		delete this.state.entries[fingerprint];
	}

	/** The IDs of what all tries so far have created. */
	listCreatedIds(): string[] {
		return Object.values(this.state.entries).flatMap((entry) =>
			entry.status === 'created' ? [String(entry.record.id)] : [],
		);
	}

	/** What earlier tries have left pending, without the requests that this try has begun. */
	listPendingExcept(fingerprints: Set<string>): PendingCreate[] {
		return Object.entries(this.state.entries).flatMap(([fingerprint, entry]) =>
			entry.status === 'pending' && !fingerprints.has(fingerprint) ? [entry] : [],
		);
	}

	/** After a run in which every item succeeded nothing is left to be tried again. What is pending stays so. */
	clear(): void {
		const entries = Object.entries(this.state.entries);
		this.state.entries = Object.fromEntries(
			entries.filter(([, { status }]) => status === 'pending'),
		);
	}
}
