import { randomUUID } from 'crypto';

import type { IExecuteFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { createProcessMap, createProcessReservations, getNodeKey } from '../processMemory';
import type { SafePaysClient } from '../transport/client';
import { createCancelledError, isUnconfirmed, SafePaysError } from '../transport/errors';
import { buildGetInvoice } from '../transport/request';
import type { SafePaysRequest } from '../transport/request';
import type { RecordName, Records } from '../transport/records';
import { MAX_RETRIES } from '../transport/retryPolicy';
import { claimKeys, findClaimedKeys, releaseKeys } from './keyClaims';
import type { KeyRow, KeyStatus, KeyTableChange, NewKeyRow } from './keyTable';
import { getKeyTable, KeyTableError } from './keyTable';
import { hash } from './ledger';
import type { KeyedCreate } from './uniqueKeyErrors';
import {
	createKeyBusyError,
	createKeyTakenError,
	createNoSuchInvoiceError,
	createOtherRequestError,
	createUnreadableError,
} from './uniqueKeyErrors';

/** A run holds the keys of as many requests as it sends in this time: fewer would cost more calls than time allows. */
const CLAIMED_AHEAD_MS = 1_000;
/** Keys for each request that may be in flight: before the first create has been timed, and at most. */
const CLAIMED_AHEAD = { first: 2, most: 5 };

/** Keys claimed at a time. */
const MAX_GROUP = 100;

/** Invoices that a process remembers because their row is not written (yet). */
const MAX_INVOICES = 10_000;

/** Between two looks at a key that another process is creating an invoice for. */
const LOOK_AGAIN_MS = 250;

/** By how much clocks may differ, and how old a claim may be when its turn comes. */
const MARGIN_MS = 60_000;

const MAX_ATTEMPTS = 1 + MAX_RETRIES;

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
	/** As last looked at; undefined if that has to be done again. */
	rows?: KeyRow[];
	/** Ids of its own rows. */
	own: number[];
	/** Ids of rows whose outcome was not known, which this create replaces. */
	replaced: number[];
	/** In n8n's processed data: `ours` where there is no table, `theirs` if it was claimed there before. */
	processed?: 'ours' | 'theirs';
}

/** One creator at a time for each key in this process. */
const creating = createProcessReservations('unique keys, as hashes, that a run is creating for');

/** Invoices whose row is not written yet, or cannot be, by the name of their claim. */
const unwritten = createProcessMap<Pick<KeyRow, 'invoice' | 'request' | 'billed'>>(
	MAX_INVOICES,
	'unique keys, as hashes: their invoice, until it is in the data table',
);

/**
 * Makes a node create only one invoice for each unique key, in whatever execution, process or
 * worker. What it survives is in docs/unique-key.md.
 *
 * A claim is a row of the key table, which has no unique index. So: write a row, then look; whoever
 * sees no other row has the key. Of two who both write before they look, at least one sees the
 * other, however late a database shows a row. Whoever sees an older row takes the own one back and
 * waits for what becomes of the other; the oldest waits until the others are gone, as one of them
 * may have been alone when it looked.
 */
export class UniqueKeys {
	private readonly table;

	/** How long the last create took. */
	private createMs?: number;

	private isClaimingAhead = true;

	/** Of `planned`: what has been claimed so far. */
	private next = 0;

	/** Claimed by this run for creates that have not begun, by name. */
	private readonly ahead = new Map<string, Claim>();

	/** The claiming under way, and the names in it. */
	private group?: { done: Promise<void>; names: Set<string> };

	/** Rows of keys that come after those that are being claimed. */
	private readonly seen = new Map<string, KeyRow[]>();

	/** Names that this run has reserved in this process. */
	private readonly reserved = new Set<string>();

	private readonly writes = new Set<Promise<void>>();

	/** Until when other executions are waited for, by their id; put off when one of them has created another invoice. */
	private readonly deadlines = new Map<string, number>();

	/** @param planned in the order in which they will be created */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly client: SafePaysClient,
		private readonly planned: KeyedCreate[],
	) {
		this.table = getKeyTable(String(context.getWorkflow().id));
	}

	/**
	 * Takes a key: the invoice that this node has created for it, with `reused: true`, or else the claim
	 * under which the caller creates one, and says what came of that with `keep`.
	 *
	 * @param isClaimed an earlier try of this execution holds the claim
	 * @throws SafePaysError, also if the key was used for another request or its invoice is not known
	 */
	async take(
		keyed: KeyedCreate,
		isClaimed: boolean,
	): Promise<{ invoice: Records['invoice'] } | { claim: Claim }> {
		const claim = await this.takeTurn(keyed);
		const giveTurnBack = () => this.giveTurnBack(claim.name);
		const existing = await this.obtain(claim, isClaimed).catch(async (error: unknown) => {
			await this.withdraw(claim).finally(giveTurnBack);
			throw error;
		});
		claim.takenAt = Date.now();
		if (existing === undefined) return { claim };
		return { invoice: await this.fetchInvoice(claim, existing).finally(giveTurnBack) };
	}

	/** Keeps what came of the create under a claim; one that is known to have failed frees its key. */
	async keep(claim: Claim, created: PromiseSettledResult<Records[RecordName]>): Promise<void> {
		this.createMs = Date.now() - claim.takenAt;
		try {
			if (created.status === 'fulfilled') this.keepResult(claim, 'created', created.value.id);
			else if (isUnconfirmed(created.reason)) this.keepResult(claim, 'unconfirmed', '');
			else await this.withdraw(claim);
		} finally {
			this.giveTurnBack(claim.name);
		}
	}

	/** @throws SafePaysError, which names the key where SafePays does not know its invoice */
	private async fetchInvoice(claim: Claim, id: string): Promise<Records['invoice']> {
		try {
			const { invoice } = await this.client.send(buildGetInvoice(id));
			return { ...invoice, reused: true };
		} catch (error) {
			const isUnknown =
				error instanceof SafePaysError && error.rejected && error.httpCode === '404';
			throw isUnknown ? createNoSuchInvoiceError(claim, id) : error;
		}
	}

	/** Gives back claims whose create has not begun, and writes what was created. Never throws. */
	async settle(): Promise<void> {
		await this.stopClaimingAhead();
		this.table.flush();
		await Promise.all(this.writes);
	}

	/** Waits until no other run in this process is creating for the key. */
	private async takeTurn(keyed: KeyedCreate): Promise<Claim> {
		const claim = this.createClaim(keyed);
		const { name } = claim;
		this.claimAhead();
		if (this.group?.names.has(name)) await this.group.done;
		const held = this.ahead.get(name);
		if (held?.request === keyed.request) {
			this.ahead.delete(name);
			this.claimAhead();
			if (Date.now() - held.claimedAt < MARGIN_MS) return held;
			// Others may soon take it for given up.
			await this.withdraw(held);
			return claim;
		}
		const deadline = this.getDeadline();
		while (!creating.take(name)) {
			this.throwIfOver(claim, deadline);
			if (!this.reserved.has(name)) await this.stopClaimingAhead();
			await Promise.race([creating.untilFree(name), sleep(LOOK_AGAIN_MS)]);
		}
		this.reserved.add(name);
		return claim;
	}

	private giveTurnBack(name: string): void {
		this.reserved.delete(name);
		creating.giveBack(name);
	}

	/** @returns the id of the key's invoice, or undefined if it is this run's to create */
	private async obtain(claim: Claim, isClaimed: boolean): Promise<string | undefined> {
		const { resendUnconfirmed } = this.client.options;
		let holder = '';
		for (;;) {
			const written = await this.look(claim);
			const known = unwritten.get(claim.name);
			const others = written.filter(({ claimed_by }) => claimed_by !== claim.token);
			const rivals = known ? [known, ...others] : others;
			const misused = rivals.find(({ request }) => request !== claim.fingerprint);
			const done = rivals.find(({ invoice }) => invoice !== '');
			const live = isClaimed || done ? [] : others.filter((row) => this.isLive(row));
			const isTaken = others.length > 0 || claim.processed === 'theirs';
			if (misused || done || (live.length === 0 && isTaken && !resendUnconfirmed)) {
				await this.withdraw(claim);
				if (misused) throw createOtherRequestError(claim, misused.billed);
				if (!done) throw createKeyTakenError(claim);
				this.deadlines.delete(holder);
				return done.invoice;
			}
			if (live.length === 0) {
				if (claim.own.length > 0 || claim.processed) {
					claim.replaced = others.map(({ id }) => id);
					return undefined;
				}
				await this.claim([claim]);
				continue;
			}
			const oldest = Math.min(...live.map(({ id }) => id));
			if (claim.own.length === 0 || oldest < claim.own[0]) await this.withdraw(claim);
			claim.rows = undefined;
			[holder] = live[0].claimed_by.split(' ');
			const deadline = this.deadlines.get(holder) ?? this.getDeadline();
			this.deadlines.set(holder, deadline);
			this.throwIfOver(claim, deadline, new Date(this.getEndOfLife(live[0])));
			await this.stopClaimingAhead();
			await sleep(LOOK_AGAIN_MS);
		}
	}

	private getDeadline(): number {
		return Date.now() + this.client.options.timeout * 1000;
	}

	/** @throws SafePaysError if the key has been waited for long enough */
	private throwIfOver(claim: Claim, deadline: number, endOfLife?: Date): void {
		if (this.client.cancelled) throw createCancelledError();
		if (Date.now() > deadline) throw createKeyBusyError(claim, endOfLife);
	}

	/** Whether another execution may be creating the invoice of a row right now. */
	private isLive(row: KeyRow): boolean {
		return row.status === 'creating' && Date.now() < this.getEndOfLife(row);
	}

	private getEndOfLife({ createdAt }: KeyRow): number {
		const { timeout, rateLimitWait } = this.client.options;
		const longest = (MAX_ATTEMPTS * timeout + rateLimitWait) * 1000;
		return Date.parse(createdAt) + longest + 2 * MARGIN_MS;
	}

	/** @throws SafePaysError if the table cannot be read */
	private async look(claim: Claim): Promise<KeyRow[]> {
		if (claim.rows === undefined) this.see([claim], await this.find([claim.name]));
		return claim.rows ?? [];
	}

	private see(claims: Claim[], rows: KeyRow[]): void {
		for (const claim of claims) {
			claim.rows = rows.filter(({ claim: name }) => name === claim.name);
			claim.own = claim.rows
				.filter(({ claimed_by }) => claimed_by === claim.token)
				.map(({ id }) => id);
		}
	}

	private async find(names: string[]): Promise<KeyRow[]> {
		try {
			return await this.table.change(this.context, { find: names });
		} catch (error) {
			if (error instanceof KeyTableError && error.isMissing) return [];
			throw createUnreadableError(error);
		}
	}

	/** Claims keys that no other row holds, and looks at them again, and at `upcoming` ones. */
	private async claim(claims: Claim[], upcoming: string[] = []): Promise<void> {
		const names = claims.map(({ name }) => name);
		const insert = claims.map((claim) => this.createRow(claim, 'creating', ''));
		for (const claim of claims) claim.claimedAt = Date.now();
		const find = [...names, ...upcoming];
		const [claimed] = await Promise.allSettled([this.table.change(this.context, { insert, find })]);
		if (claimed.status === 'rejected') {
			this.table.warnOnce(this.context, claimed.reason);
			const fresh = await claimKeys(this.context, names);
			for (const claim of claims) claim.processed = fresh.has(claim.name) ? 'ours' : 'theirs';
			return this.see(claims, await this.find(names));
		}
		this.see(claims, claimed.value);
		for (const name of upcoming) {
			this.seen.set(
				name,
				claimed.value.filter((row) => row.claim === name),
			);
		}
		// Before there was a table, or while it was full, keys were claimed elsewhere.
		const before = await findClaimedKeys(this.context, names);
		for (const claim of claims) if (before.has(claim.name)) claim.processed = 'theirs';
	}

	/** Takes back a claim whose create was not sent, or is known not to have happened. */
	private async withdraw(claim: Claim): Promise<void> {
		const { own, processed } = claim;
		claim.own = [];
		claim.processed = undefined;
		if (own.length > 0) await this.write({ remove: own });
		if (processed === 'ours') await releaseKeys(this.context, [claim.name]);
	}

	private keepResult(claim: Claim, status: KeyStatus, invoice: string): void {
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

	/** Claims the next keys while earlier ones are in flight: a claim takes as long as a request. */
	private claimAhead(): void {
		if (!this.isClaimingAhead || this.group || this.ahead.size > this.aheadLimit / 2) return;
		const claims: Claim[] = [];
		const size = Math.min(this.aheadLimit - this.ahead.size, MAX_GROUP);
		while (claims.length < size && this.next < this.planned.length) {
			const claim = this.createClaim(this.planned[this.next++]);
			// A key that another run is creating for is claimed when its turn comes.
			if (!creating.take(claim.name)) continue;
			this.reserved.add(claim.name);
			claims.push(claim);
		}
		if (claims.length === 0) return;
		const names = new Set(claims.map(({ name }) => name));
		const done = this.claimGroup(claims).then(() => {
			this.group = undefined;
			this.claimAhead();
		});
		this.group = { done, names };
	}

	/** Keys to claim before their creates begin; few, since a kill of n8n leaves them taken. */
	private get aheadLimit(): number {
		const { first, most } = CLAIMED_AHEAD;
		const each = this.createMs === undefined ? first : CLAIMED_AHEAD_MS / (this.createMs + 1);
		return Math.round(Math.min(Math.max(each, 1), most) * this.client.options.maxConcurrency);
	}

	/** Never throws: a key that could not be claimed is claimed when its turn comes. */
	private async claimGroup(claims: Claim[]): Promise<void> {
		try {
			const unseen = claims.filter(({ name }) => !this.seen.has(name));
			if (unseen.length > 0) this.see(unseen, await this.find(unseen.map(({ name }) => name)));
			for (const claim of claims) claim.rows ??= this.seen.get(claim.name);
			const free = claims.filter(({ rows, name }) => rows?.length === 0 && !unwritten.has(name));
			if (free.length > 0) await this.claim(free, this.listUpcoming());
			for (const claim of claims) this.ahead.set(claim.name, claim);
		} catch {
			await Promise.all(claims.map(async (claim) => await this.withdraw(claim)));
			for (const { name } of claims) this.giveTurnBack(name);
		}
	}

	private listUpcoming(): string[] {
		const upcoming = this.planned.slice(
			this.next,
			this.next + Math.min(this.aheadLimit, MAX_GROUP),
		);
		return [...new Set(upcoming.map(({ uniqueKey }) => this.getName(uniqueKey)))];
	}

	/** Two runs that hold what the other waits for would both wait until the end. */
	private async stopClaimingAhead(): Promise<void> {
		this.isClaimingAhead = false;
		await this.group?.done;
		const claims = [...this.ahead.values()];
		this.ahead.clear();
		await Promise.all(
			claims.map(async (claim) => {
				await this.withdraw(claim);
				this.giveTurnBack(claim.name);
			}),
		);
	}

	private createClaim({ request, uniqueKey }: KeyedCreate): Claim {
		return {
			request,
			uniqueKey,
			name: this.getName(uniqueKey),
			token: `${this.context.getExecutionId()} ${randomUUID().slice(0, 8)}`,
			fingerprint: createRequestFingerprint(request),
			claimedAt: 0,
			takenAt: 0,
			own: [],
			replaced: [],
		};
	}

	private getName(uniqueKey: string): string {
		return hash([getNodeKey(this.context), uniqueKey]);
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

/** Who is billed for what: the due date, addresses and metadata may differ from one try to the next. */
function createRequestFingerprint({ body = {} }: SafePaysRequest): string {
	const { email, customer_id: customer, amount, items, currency = 'USD' } = body;
	return hash([String(email ?? '').toLowerCase(), customer, amount, items, currency]);
}
