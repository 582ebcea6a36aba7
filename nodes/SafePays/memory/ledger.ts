import { createHash } from 'crypto';

import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { isAiTool } from '../aiTool';
import type { SafePaysRequest } from '../transport/request';

/** A create whose outcome is not known (yet). */
export interface OpenCreate {
	/** ISO time. */
	sentAt: string;
	/** e.g. "an invoice of 200 USD to john@example.com" */
	what: string;
}

/** When an earlier try of this run created nobody knows what: after it began, or before this one began. */
export interface CutOff extends IDataObject {
	when: 'after' | 'before';
	/** ISO time. */
	time: string;
}

type Entry = OpenCreate | { record: IDataObject };

interface Book extends IDataObject {
	/** The run of the node (it runs several times in a loop) that the entries belong to, as n8n counts; a tool's belong to all its runs. */
	runIndex: number;
	/** The same as counted here, from 0: n8n also counts runs that it has lost. */
	run: number;
	entries: Record<string, IDataObject>;
	cutOff?: CutOff;
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

	private readonly book: Book;

	constructor(context: IExecuteFunctions) {
		const store = context.getContext('node');
		const runIndex = Number(context.evaluateExpression('{{ $runIndex }}', 0));
		const book = store[CONTEXT_KEY] as Book | undefined;
		// Each call of a model is a run: one that asks again after an unknown outcome must find that.
		this.isNew = !book || (book.runIndex !== runIndex && !isAiTool(context.getNode()));
		this.book =
			book && !this.isNew ? book : { runIndex, run: book ? book.run + 1 : 0, entries: {} };
		store[CONTEXT_KEY] = this.book;
	}

	/** Which run of the node this is, from 0; the same when it is retried. */
	get run(): number {
		return this.book.run;
	}

	/** Set if n8n has lost what an earlier try of this run has created. */
	get cutOff(): CutOff | undefined {
		return this.book.cutOff;
	}

	set cutOff(cutOff: CutOff) {
		this.book.cutOff = cutOff;
	}

	find(fingerprint: string): Entry | undefined {
		return this.book.entries[fingerprint] as Entry | undefined;
	}

	/** Notes a create before it is sent: whatever comes between then and its answer, it may have happened. */
	sent(fingerprint: string, what: string, at: Date): void {
		this.book.entries[fingerprint] ??= { sentAt: at.toISOString(), what };
	}

	created(fingerprint: string, record: IDataObject): void {
		this.book.entries[fingerprint] = { record };
	}

	/** Takes back a create that is known not to have happened. */
	forget(fingerprint: string): void {
		delete this.book.entries[fingerprint];
	}

	/** The IDs of what all tries so far have created. */
	createdIds(): string[] {
		return Object.values(this.book.entries).flatMap((entry) =>
			'record' in entry ? [String((entry.record as IDataObject).id)] : [],
		);
	}

	/** What earlier tries have left open, without the requests that this try has come to. */
	openExcept(fingerprints: Set<string>): OpenCreate[] {
		return Object.entries(this.book.entries).flatMap(([fingerprint, entry]) =>
			'sentAt' in entry && !fingerprints.has(fingerprint) ? [entry as unknown as OpenCreate] : [],
		);
	}

	/** After a run without failure nothing is left to be tried again. What is open stays so. */
	clear(): void {
		const entries = Object.entries(this.book.entries);
		this.book.entries = Object.fromEntries(entries.filter(([, entry]) => !('record' in entry)));
	}
}

/** Names each request by its content and its place among equal ones, in input order. */
export class Fingerprints {
	private readonly seen = new Map<string, number>();

	/**
	 * @param key tells apart requests that look the same, such as an order number
	 * @param ignoring fields that differ from one try of an execution to the next
	 */
	of(request: SafePaysRequest, key: string, ignoring: string[] = []): string {
		const content = { ...request.body };
		for (const field of ignoring) delete content[field];
		const hash = createHash('sha256')
			.update(JSON.stringify([request.path, content, key]))
			.digest('base64url')
			.slice(0, 22);
		const place = this.seen.get(hash) ?? 0;
		this.seen.set(hash, place + 1);
		return `${hash}.${place}`;
	}
}
