import type { IExecuteFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import type { SafePaysClient } from '../transport/client';
import { isUnconfirmed, SafePaysError } from '../transport/errors';
import type { RecordName, Records } from '../transport/records';
import { buildGetInvoice } from '../transport/request';
import { MAX_RETRIES } from '../transport/retryPolicy';
import type { Claim } from './keyRows';
import { KeyRows } from './keyRows';
import type { KeyRow } from './keyTable';
import { getWaitDeadline, KeyTurns, LOOK_AGAIN_MS, MARGIN_MS, throwIfOver } from './keyTurns';
import type { KeyedCreate } from './uniqueKeyErrors';
import {
	createKeyTakenError,
	createNoSuchInvoiceError,
	createOtherRequestError,
} from './uniqueKeyErrors';

const MAX_ATTEMPTS = 1 + MAX_RETRIES;

/** What the rows of a key say to a run that is about to create for it. */
type KeyState =
	/** Its invoice exists. */
	| { kind: 'created'; invoice: string }
	/** It was used for another request. */
	| { kind: 'misused'; billed: string }
	/** Other executions are creating for it right now. */
	| { kind: 'creating'; live: KeyRow[] }
	/** Nobody else has claimed it; or somebody has, and whether the invoice exists is not known. */
	| { kind: 'free' | 'unconfirmed'; others: KeyRow[] };

/**
 * Makes a node create only one invoice for each unique key, in whatever execution, process or
 * worker. What it survives is in docs/unique-key.md.
 *
 * A claim is a row of the key table, which has no unique index. So: write a row, then look; whoever
 * sees no other row has the key. Of two who both write before they look, at least one sees the
 * other, however late a database shows a row. Whoever sees an older row takes its own back and waits
 * for the other's outcome; the oldest waits until the others are gone, as one of them may have been
 * alone when it looked.
 */
export class UniqueKeys {
	private readonly rows: KeyRows;
	private readonly turns: KeyTurns;

	/** Until when other executions are waited for, by their id; put off when one of them has created another invoice. */
	private readonly deadlines = new Map<string, number>();

	/** @param planned in the order in which they will be created */
	constructor(
		context: IExecuteFunctions,
		private readonly client: SafePaysClient,
		planned: KeyedCreate[],
	) {
		this.rows = new KeyRows(context);
		this.turns = new KeyTurns(client, this.rows, planned);
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
		const claim = await this.turns.take(keyed);
		const giveTurnBack = () => this.turns.giveBack(claim.name);
		const invoiceId = await this.claimOrFind(claim, isClaimed).catch(async (error: unknown) => {
			await this.rows.withdraw(claim).finally(giveTurnBack);
			throw error;
		});
		claim.takenAt = Date.now();
		if (invoiceId === undefined) return { claim };
		return { invoice: await this.fetchInvoice(claim, invoiceId).finally(giveTurnBack) };
	}

	/** Keeps what came of the create under a claim; one that is known to have failed frees its key. */
	async keep(claim: Claim, created: PromiseSettledResult<Records[RecordName]>): Promise<void> {
		this.turns.noteDuration(Date.now() - claim.takenAt);
		try {
			if (created.status === 'fulfilled') this.rows.keepResult(claim, 'created', created.value.id);
			else if (isUnconfirmed(created.reason)) this.rows.keepResult(claim, 'unconfirmed', '');
			else await this.rows.withdraw(claim);
		} finally {
			this.turns.giveBack(claim.name);
		}
	}

	/** Gives back claims whose create has not begun, and writes what was created. Never throws. */
	async settle(): Promise<void> {
		await this.turns.stopClaimingAhead();
		await this.rows.settle();
	}

	/**
	 * Claims the key, or finds its invoice, and waits while other executions are creating for it.
	 *
	 * @returns the id of the key's invoice, or undefined if it is this run's to create
	 */
	private async claimOrFind(claim: Claim, isClaimed: boolean): Promise<string | undefined> {
		let awaited = '';
		for (;;) {
			if (claim.rows === undefined) await this.rows.read([claim]);
			const state = this.readState(claim, isClaimed);
			if (state.kind === 'misused') throw createOtherRequestError(claim, state.billed);
			if (state.kind === 'created') {
				await this.rows.withdraw(claim);
				this.deadlines.delete(awaited);
				return state.invoice;
			}
			if (state.kind === 'creating') {
				awaited = await this.waitForOthers(claim, state.live);
				continue;
			}
			if (state.kind === 'unconfirmed' && !this.client.options.resendUnconfirmed)
				throw createKeyTakenError(claim);
			if (claim.own.length > 0 || claim.processed) {
				claim.replaced = state.others.map(({ id }) => id);
				return undefined;
			}
			await this.rows.claim([claim]);
		}
	}

	private readState(claim: Claim, isClaimed: boolean): KeyState {
		const { name, token, fingerprint, processed, rows = [] } = claim;
		const others = rows.filter(({ claimed_by }) => claimed_by !== token);
		const unwritten = this.rows.findUnwritten(name);
		const rivals = unwritten ? [unwritten, ...others] : others;
		const misused = rivals.find(({ request }) => request !== fingerprint);
		if (misused) return { kind: 'misused', billed: misused.billed };
		const done = rivals.find(({ invoice }) => invoice !== '');
		if (done) return { kind: 'created', invoice: done.invoice };
		const live = isClaimed ? [] : others.filter((row) => this.isLive(row));
		if (live.length > 0) return { kind: 'creating', live };
		const isTaken = others.length > 0 || processed === 'theirs';
		return { kind: isTaken ? 'unconfirmed' : 'free', others };
	}

	/** Waits a moment for other executions. @returns the id of one of them */
	private async waitForOthers(claim: Claim, live: KeyRow[]): Promise<string> {
		const oldest = Math.min(...live.map(({ id }) => id));
		if (claim.own.length === 0 || oldest < claim.own[0]) await this.rows.withdraw(claim);
		claim.rows = undefined;
		const [executionId] = live[0].claimed_by.split(' ');
		const deadline = this.deadlines.get(executionId) ?? getWaitDeadline(this.client);
		this.deadlines.set(executionId, deadline);
		throwIfOver(this.client, claim, deadline, new Date(this.getEndOfLife(live[0])));
		await this.turns.stopClaimingAhead();
		await sleep(LOOK_AGAIN_MS);
		return executionId;
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
}
