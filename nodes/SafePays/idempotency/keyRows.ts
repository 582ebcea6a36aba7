import { randomUUID } from 'crypto';

import type { IExecuteFunctions } from 'n8n-workflow';

import { createProcessMap, getNodeKey } from '../processMemory';
import { createBillFingerprint, hash } from './fingerprint';
import { claimKeys, findClaimedKeys, releaseKeys } from './keyClaims';
import type { KeyRow, KeyStatus, KeyTableChange, NewKeyRow } from './keyTable';
import { getKeyTable, KeyTableError } from './keyTable';
import type { KeyedCreate } from './uniqueKeyErrors';
import { createUnreadableError } from './uniqueKeyErrors';

/** A key in this run, from the first look at it until its create has ended. */
export interface Claim extends KeyedCreate {
	/** Of the key and the node that it belongs to. */
	name: string;
	/** Distinguishes this claim's row from those of others. */
	token: string;
	/** Of what is billed to whom. */
	fingerprint: string;
	/** Milliseconds since 1970, as `takenAt`. */
	claimedAt: number;
	/** When its create could begin. */
	takenAt: number;
	/** As last read; undefined if that has to be done again. */
	rows?: KeyRow[];
	/** Ids of its own rows. */
	own: number[];
	/** Ids of rows whose outcome was not known, which this create replaces. */
	replaced: number[];
	/** In n8n's processed data: `ours` where there is no table, `theirs` if it was claimed there before. */
	processed?: 'ours' | 'theirs';
}

/** Invoices that a process remembers because their row is not written (yet). */
const MAX_INVOICES = 10_000;

type KnownInvoice = Pick<KeyRow, 'invoice' | 'request' | 'billed'>;

/** Invoices whose row is not written yet, or cannot be, by the name of their claim. */
const unwritten = createProcessMap<KnownInvoice>(
	MAX_INVOICES,
	'unique keys, as hashes: their invoice, until it is in the data table',
);

/** The rows with which one run of a node claims its keys. */
export class KeyRows {
	private readonly table;

	/** Results that are being written. */
	private readonly writes = new Set<Promise<void>>();

	constructor(private readonly context: IExecuteFunctions) {
		this.table = getKeyTable(String(context.getWorkflow().id));
	}

	createClaim({ request, uniqueKey }: KeyedCreate): Claim {
		return {
			request,
			uniqueKey,
			name: this.nameKey(uniqueKey),
			token: `${this.context.getExecutionId()} ${randomUUID().slice(0, 8)}`,
			fingerprint: createBillFingerprint(request),
			claimedAt: 0,
			takenAt: 0,
			own: [],
			replaced: [],
		};
	}

	nameKey(uniqueKey: string): string {
		return hash([getNodeKey(this.context), uniqueKey]);
	}

	/** The invoice of a key as this process knows it, if it is in no row (yet). */
	findUnwritten(name: string): KnownInvoice | undefined {
		return unwritten.get(name);
	}

	/** Reads the rows of keys into their claims. @throws SafePaysError if the table cannot be read */
	async read(claims: Claim[]): Promise<void> {
		if (claims.length > 0) noteRows(claims, await this.find(claims.map(({ name }) => name)));
	}

	/**
	 * Claims keys that no other row holds, and reads their rows again.
	 *
	 * @param upcoming names of keys to read along
	 * @returns the rows of these, as far as they could be read
	 */
	async claim(claims: Claim[], upcoming: string[] = []): Promise<Map<string, KeyRow[]>> {
		const names = claims.map(({ name }) => name);
		const insert = claims.map((claim) => this.createRow(claim, 'creating', ''));
		for (const claim of claims) claim.claimedAt = Date.now();
		const find = [...names, ...upcoming];
		const [claimed] = await Promise.allSettled([this.table.change(this.context, { insert, find })]);
		if (claimed.status === 'rejected') {
			this.table.warnOnce(this.context, claimed.reason);
			const fresh = await claimKeys(this.context, names);
			for (const claim of claims) claim.processed = fresh.has(claim.name) ? 'ours' : 'theirs';
			await this.read(claims);
			return new Map();
		}
		noteRows(claims, claimed.value);
		// Before there was a table, or while it was full, keys were claimed elsewhere.
		const before = await findClaimedKeys(this.context, names);
		for (const claim of claims) if (before.has(claim.name)) claim.processed = 'theirs';
		return new Map(upcoming.map((name) => [name, selectRows(claimed.value, name)]));
	}

	/** Takes back a claim whose create was not sent, or is known not to have happened. */
	async withdraw(claim: Claim): Promise<void> {
		const { own, processed } = claim;
		claim.own = [];
		claim.processed = undefined;
		if (own.length > 0) await this.write({ remove: own });
		if (processed === 'ours') await releaseKeys(this.context, [claim.name]);
	}

	/** Keeps what came of a create; the row follows in the background. @param invoice its id, or '' */
	keepResult(claim: Claim, status: KeyStatus, invoice: string): void {
		const row = this.createRow(claim, status, invoice);
		const { name, own, replaced } = claim;
		if (invoice !== '') unwritten.set(name, row);
		if (own.length === 0) return;
		const write = this.write({ insert: [row], remove: [...own, ...replaced] }, true).then(
			(isWritten) => {
				if (isWritten && unwritten.get(name) === row) unwritten.delete(name);
			},
		);
		this.writes.add(write);
		void write.then(() => this.writes.delete(write));
	}

	/** Resolves when all results are written, or cannot be. Never throws. */
	async settle(): Promise<void> {
		this.table.flush();
		await Promise.all(this.writes);
	}

	private async find(names: string[]): Promise<KeyRow[]> {
		try {
			return await this.table.change(this.context, { find: names });
		} catch (error) {
			if (error instanceof KeyTableError && error.isMissing) return [];
			throw createUnreadableError(error);
		}
	}

	/** @returns whether it was written; if not, the keys concerned stay taken */
	private async write(change: KeyTableChange, isLazy = false): Promise<boolean> {
		try {
			if (isLazy) await this.table.changeLater(this.context, change);
			else await this.table.change(this.context, change);
			return true;
		} catch (error) {
			this.table.warnOnce(this.context, error);
			return false;
		}
	}

	private createRow(claim: Claim, status: KeyStatus, invoice: string): NewKeyRow {
		return {
			key: claim.uniqueKey,
			status,
			invoice,
			billed: claim.request.summary,
			workflow: this.context.getWorkflow().name ?? '',
			node: this.context.getNode().name,
			claim: claim.name,
			request: claim.fingerprint,
			claimed_by: claim.token,
		};
	}
}

function noteRows(claims: Claim[], rows: KeyRow[]): void {
	for (const claim of claims) {
		claim.rows = selectRows(rows, claim.name);
		claim.own = claim.rows
			.filter(({ claimed_by }) => claimed_by === claim.token)
			.map(({ id }) => id);
	}
}

function selectRows(rows: KeyRow[], name: string): KeyRow[] {
	return rows.filter(({ claim }) => claim === name);
}
