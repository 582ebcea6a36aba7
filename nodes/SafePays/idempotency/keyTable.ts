import type { IExecuteFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { createProcessRegistry } from '../processMemory';
import { getMessage } from '../unknownValues';
import { changeRows, isEqual, openTable } from './dataTableNode';

/** What a row of the table says of a key. */
export type KeyStatus = 'creating' | 'created' | 'unconfirmed';

/** What is written of a key; the user finds these columns under "Data tables". */
export interface NewKeyRow {
	/** The user's own key, e.g. an order number. */
	key: string;
	status: KeyStatus;
	/** The invoice's id, '' while it is not known. */
	invoice: string;
	/** e.g. "an invoice of 200 USD to john@example.com" */
	billed: string;
	workflow: string;
	node: string;
	/** Names the key and the node that it belongs to; rows with the same one are rivals. */
	claim: string;
	/** Fingerprint of what is billed to whom. */
	request: string;
	/** The execution that has written the row, and a number of its own. */
	claimed_by: string;
}

export interface KeyRow extends NewKeyRow {
	/** Grows with each row; on PostgreSQL a higher one can be seen before a lower one. */
	id: number;
	/** ISO time. */
	createdAt: string;
}

/** Done in this order, together with what others want at the same time. */
export interface KeyTableChange {
	insert?: NewKeyRow[];
	/** Ids of rows. */
	remove?: number[];
	/** Claims whose rows are returned. */
	find?: string[];
}

/** Why the table could not be used. */
export class KeyTableError extends Error {
	/** @param isMissing this n8n has no such table, and never had one */
	constructor(
		message: string,
		readonly isMissing = false,
	) {
		super(message);
	}
}

interface QueuedChange {
	context: IExecuteFunctions;
	change: KeyTableChange;
	resolve: (rows: KeyRow[]) => void;
	reject: (error: unknown) => void;
}

const TABLE_NAME = 'SafePays unique keys';

const COLUMNS: Array<keyof NewKeyRow> = [
	'key',
	'status',
	'invoice',
	'billed',
	'workflow',
	'node',
	'claim',
	'request',
	'claimed_by',
];

/** A key takes two ids, one for its claim and one for its invoice: so at most 20,000 keys are kept. */
const KEPT_IDS = 39_000;
/** Ids that are dropped at a time when there are more. */
const DROPPED_IDS = 1_000;

/** SQLite takes an expression of 1,000 terms; each claim is one. */
const MAX_FOUND = 200;
const MAX_ROWS = 500;

/** Results are written along with the next claims, at the latest after this time. */
const LAZY_MS = 500;

/** n8n before 2.6, where the node has no tables to create; n8n that has no such node; the module switched off. */
const IS_MISSING =
	/module is disabled|unrecognized node type|unknown node type|reading 'execute'|could not get parameter|executeWorkflow is not a function/i;

/** The table was deleted, or the workflow has moved to another project. */
const IS_GONE = /could not be found in this project|could not find the data table/i;

const MAX_WORKFLOWS = 1_000;

/** The table of the project that a workflow belongs to. */
export const getKeyTable = createProcessRegistry(
	MAX_WORKFLOWS,
	'workflows: the ID of their data table of unique keys, and what waits to be written to it',
	() => new KeyTable(),
);

/**
 * The table of unique keys, one for each project of n8n, which all its workers see.
 *
 * A call costs about as much for many rows as for one: what is asked for while another one is under
 * way goes together in the next.
 */
class KeyTable {
	private waiting: QueuedChange[] = [];
	private isRunning = false;
	private hasWarned = false;
	private tableId?: string;
	private missing?: KeyTableError;

	/** Rows up to this id are gone. */
	private droppedTo = 0;
	private newestId = 0;

	/** @throws KeyTableError; the rows to insert may have been inserted anyway */
	async change(context: IExecuteFunctions, change: KeyTableChange): Promise<KeyRow[]> {
		const rows = this.enqueue(context, change);
		this.flush();
		return await rows;
	}

	/** The same, at the latest half a second from now: see also `flush`. */
	async changeLater(context: IExecuteFunctions, change: KeyTableChange): Promise<void> {
		const done = this.enqueue(context, change);
		void sleep(LAZY_MS).then(() => this.flush());
		await done;
	}

	/** Begins to write what is waiting. */
	flush(): void {
		void this.serve();
	}

	/** Logs once that keys are kept in another way. */
	warnOnce(context: IExecuteFunctions, error: unknown): void {
		if (this.hasWarned) return;
		this.hasWarned = true;
		context.logger.warn(
			`SafePays: the data table "${TABLE_NAME}" cannot be used: ${getMessage(error)}. Unique keys are still claimed, but the invoice of a key is forgotten when n8n restarts, and not known to other workers.`,
		);
	}

	private async enqueue(context: IExecuteFunctions, change: KeyTableChange): Promise<KeyRow[]> {
		return await new Promise((resolve, reject) => {
			this.waiting.push({ context, change, resolve, reject });
		});
	}

	private async serve(): Promise<void> {
		if (this.isRunning) return;
		this.isRunning = true;
		// What is asked for in the same moment goes together.
		await Promise.resolve();
		while (this.waiting.length > 0) await this.serveTogether(this.takeWaiting());
		this.isRunning = false;
	}

	private takeWaiting(): QueuedChange[] {
		let rows = 0;
		let found = 0;
		const fits = ({ change }: QueuedChange, index: number) => {
			rows += (change.insert?.length ?? 0) + (change.remove?.length ?? 0);
			found += change.find?.length ?? 0;
			return index === 0 || (rows <= MAX_ROWS && found <= MAX_FOUND);
		};
		const end = this.waiting.findIndex((queued, index) => !fits(queued, index));
		return this.waiting.splice(0, end < 0 ? this.waiting.length : end);
	}

	private async serveTogether(queued: QueuedChange[]): Promise<void> {
		try {
			const rows = await this.apply(queued[0].context, merge(queued));
			for (const { change, resolve } of queued) {
				const claims = new Set(change.find);
				resolve(rows.filter(({ claim }) => claims.has(claim)));
			}
		} catch (error) {
			// What one of them has done wrong must not fail the others.
			if (queued.length > 1) for (const one of queued) await this.serveTogether([one]);
			else queued[0].reject(error);
		}
	}

	/** Opens the table once more if it is gone. */
	private async apply(
		context: IExecuteFunctions,
		change: KeyTableChange,
		mayReopen = true,
	): Promise<KeyRow[]> {
		if (this.missing) throw this.missing;
		const [done] = await Promise.allSettled([this.applyToTable(context, change)]);
		if (done.status === 'fulfilled') return done.value;
		const message = getMessage(done.reason);
		if (this.tableId === undefined && IS_MISSING.test(message)) {
			this.missing = new KeyTableError(message, true);
			throw this.missing;
		}
		if (!mayReopen || !IS_GONE.test(message)) throw new KeyTableError(message);
		this.tableId = undefined;
		// Another table counts from 1 again.
		this.newestId = 0;
		this.droppedTo = 0;
		return await this.apply(context, change, false);
	}

	private async applyToTable(
		context: IExecuteFunctions,
		{ insert = [], remove = [], find = [] }: KeyTableChange,
	): Promise<KeyRow[]> {
		this.tableId ??= await openTable(context, TABLE_NAME, COLUMNS);
		const removed = remove.map((id) => isEqual('id', id));
		const dropTo = this.newestId - KEPT_IDS;
		const drops = dropTo > this.droppedTo + DROPPED_IDS;
		if (drops) removed.push({ keyName: 'id', condition: 'lte', keyValue: dropTo });
		const inserted = insert.map((row) => ({ ...row }));
		const claims = find.map((claim) => isEqual('claim', claim));
		const output = await changeRows(context, this.tableId, inserted, removed, claims);
		if (drops) this.droppedTo = dropTo;
		const rows = output as unknown as KeyRow[];
		for (const { id } of rows) this.newestId = Math.max(this.newestId, id);
		return rows;
	}
}

function merge(queued: QueuedChange[]): KeyTableChange {
	return {
		insert: queued.flatMap(({ change }) => change.insert ?? []),
		remove: queued.flatMap(({ change }) => change.remove ?? []),
		find: [...new Set(queued.flatMap(({ change }) => change.find ?? []))],
	};
}
