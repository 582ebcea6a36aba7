import { sleep } from 'n8n-workflow';

import { createProcessReservations } from '../processMemory';
import type { SafePaysClient } from '../transport/client';
import { createCancelledError } from '../transport/errors';
import type { Claim, KeyRows } from './keyRows';
import type { KeyRow } from './keyTable';
import type { KeyedCreate } from './uniqueKeyErrors';
import { createKeyBusyError } from './uniqueKeyErrors';

/** A run claims ahead the keys of as many requests as it sends in this time: with fewer, the claims would slow it down. */
const CLAIMED_AHEAD_MS = 1_000;
/** Keys for each request that may be in flight: before the first create has been timed, and at most. */
const CLAIMED_AHEAD = { first: 2, most: 5 };

/** Keys claimed at a time. */
const MAX_GROUP = 100;

/** Between two looks at a key that another run is creating an invoice for. */
export const LOOK_AGAIN_MS = 250;

/** By how much clocks may differ, and how old a claim may be when its turn comes. */
export const MARGIN_MS = 60_000;

/** One creator at a time for each key in this process. */
const creating = createProcessReservations('unique keys, as hashes, that a run is creating for');

/**
 * The turns of one run at its keys: within this process, one run at a time creates for a key.
 *
 * A claim takes as long as a request, so keys are claimed in groups while earlier creates are in flight.
 */
export class KeyTurns {
	/** Names that this run has reserved in this process. */
	private readonly reserved = new Set<string>();

	/** Claimed by this run for creates that have not begun, by name. */
	private readonly ahead = new Map<string, Claim>();
	private isClaimingAhead = true;

	/** Of `planned`: what has been claimed so far. */
	private next = 0;

	/** The claiming under way, and the names in it. */
	private group?: { done: Promise<void>; names: Set<string> };

	/** Rows of keys that come after those that are being claimed. */
	private readonly seen = new Map<string, KeyRow[]>();

	/** How long the last create took. */
	private createMs?: number;

	/** @param planned in the order in which they will be created */
	constructor(
		private readonly client: SafePaysClient,
		private readonly rows: KeyRows,
		private readonly planned: KeyedCreate[],
	) {}

	/**
	 * Waits until no other run in this process is creating for the key.
	 *
	 * @returns a claim, which is written already if it was made ahead
	 */
	async take(keyed: KeyedCreate): Promise<Claim> {
		const claim = this.rows.createClaim(keyed);
		const { name } = claim;
		this.claimAhead();
		if (this.group?.names.has(name)) await this.group.done;
		const held = this.ahead.get(name);
		// Another item of this run may have the same key.
		if (held?.request !== keyed.request) {
			await this.reserve(claim);
			return claim;
		}
		this.ahead.delete(name);
		this.claimAhead();
		if (Date.now() - held.claimedAt < MARGIN_MS) return held;
		// Others may soon take it for abandoned.
		await this.rows.withdraw(held);
		return claim;
	}

	giveBack(name: string): void {
		this.reserved.delete(name);
		creating.giveBack(name);
	}

	/** Takes note of how long a create took: the faster they are, the more keys are claimed ahead. */
	noteDuration(createMs: number): void {
		this.createMs = createMs;
	}

	/** Gives back what was claimed ahead. Two runs that hold what the other waits for would both wait until the end. */
	async stopClaimingAhead(): Promise<void> {
		this.isClaimingAhead = false;
		await this.group?.done;
		const claims = [...this.ahead.values()];
		this.ahead.clear();
		await Promise.all(
			claims.map(async (claim) => {
				await this.rows.withdraw(claim);
				this.giveBack(claim.name);
			}),
		);
	}

	/** @throws SafePaysError if another run has the key for too long */
	private async reserve(claim: Claim): Promise<void> {
		const { name } = claim;
		const deadline = getWaitDeadline(this.client);
		while (!creating.take(name)) {
			throwIfOver(this.client, claim, deadline);
			if (!this.reserved.has(name)) await this.stopClaimingAhead();
			await Promise.race([creating.untilFree(name), sleep(LOOK_AGAIN_MS)]);
		}
		this.reserved.add(name);
	}

	private claimAhead(): void {
		if (!this.isClaimingAhead || this.group || this.ahead.size > this.aheadLimit / 2) return;
		const claims: Claim[] = [];
		const size = Math.min(this.aheadLimit - this.ahead.size, MAX_GROUP);
		while (claims.length < size && this.next < this.planned.length) {
			const claim = this.rows.createClaim(this.planned[this.next++]);
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
			await this.rows.read(claims.filter(({ name }) => !this.seen.has(name)));
			for (const claim of claims) claim.rows ??= this.seen.get(claim.name);
			const free = claims.filter(
				({ rows, name }) => rows?.length === 0 && !this.rows.findUnwritten(name),
			);
			if (free.length > 0) {
				const read = await this.rows.claim(free, this.listUpcoming());
				for (const [name, rows] of read) this.seen.set(name, rows);
			}
			for (const claim of claims) this.ahead.set(claim.name, claim);
		} catch {
			await Promise.all(claims.map(async (claim) => await this.rows.withdraw(claim)));
			for (const { name } of claims) this.giveBack(name);
		}
	}

	/** Names of the keys that are claimed next. */
	private listUpcoming(): string[] {
		const end = this.next + Math.min(this.aheadLimit, MAX_GROUP);
		const upcoming = this.planned.slice(this.next, end);
		return [...new Set(upcoming.map(({ uniqueKey }) => this.rows.nameKey(uniqueKey)))];
	}
}

/** Until when a run waits for another one, in milliseconds since 1970. */
export function getWaitDeadline({ options }: SafePaysClient): number {
	return Date.now() + options.timeout * 1000;
}

/**
 * @param endOfLife when the claim of another execution stops counting
 * @throws SafePaysError if the key has been waited for long enough
 */
export function throwIfOver(
	client: SafePaysClient,
	claim: Claim,
	deadline: number,
	endOfLife?: Date,
): void {
	if (client.cancelled) throw createCancelledError();
	if (Date.now() > deadline) throw createKeyBusyError(claim, endOfLife);
}
