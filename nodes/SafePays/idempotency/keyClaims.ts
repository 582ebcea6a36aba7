import { randomUUID } from 'crypto';

import type { IExecuteFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { createProcessRegistry, getNodeKey } from '../processMemory';

/** Keys that one node remembers in n8n's database; past that the oldest are forgotten. */
const MAX_KEYS = 20_000;

/** Milliseconds for which claims gather: n8n reads and writes the whole row, however many there are. */
const GATHER_MS = 100;
/**
 * Milliseconds before a second look: both of two writers have to look after both have written. Where
 * our own writing was slow, the other's may be, so the look comes after a multiple of what ours took.
 */
const SECOND_LOOK_MS = { atLeast: 300, atMost: 1000 };
const SECOND_LOOK_FACTOR = 2;
/** Milliseconds before a second look at what is only looked for. */
const FIND_AGAIN_MS = 100;

const OPTIONS = { mode: 'entries', maxEntries: MAX_KEYS } as const;

interface Claim {
	keys: string[];
	resolve: (areNew: Set<string>) => void;
	reject: (error: unknown) => void;
}

/** What waits for its turn at a node's row. */
interface Queue {
	claims: Claim[];
	/** Ends with the reading and writing asked for last; never rejects. */
	last: Promise<unknown>;
}

const MAX_NODES = 10_000;

const getNodeQueue = createProcessRegistry(
	MAX_NODES,
	'nodes: their claims on keys that wait to be written',
	(): Queue => ({ claims: [], last: Promise.resolve() }),
);

/**
 * Claims keys for a node of a workflow in n8n's database, across executions, restarts and processes.
 *
 * n8n's helper (`checkProcessedAndRecord`) reads a row and writes it back whole. Within this process
 * that is done in turn, for those that wait together in one go; against other processes each claim
 * looks again after a moment (see `confirm`).
 *
 * @returns the keys that were new: this caller alone has them
 */
export async function claimKeys(context: IExecuteFunctions, keys: string[]): Promise<Set<string>> {
	return await new Promise((resolve, reject) => {
		const { claims } = getQueue(context);
		claims.push({ keys, resolve, reject });
		if (claims.length === 1)
			void sleep(GATHER_MS).then(async () => await claimTogether(context, claims));
	});
}

/**
 * Looks for keys without claiming them. n8n's helper can only record what it looks for, so that is
 * taken back; what another process has recorded for that moment is not there at the second look.
 */
export async function findClaimedKeys(
	context: IExecuteFunctions,
	keys: string[],
): Promise<Set<string>> {
	return await doInTurn(context, async () => await find(context, keys));
}

async function find(context: IExecuteFunctions, keys: string[]): Promise<Set<string>> {
	let found = keys;
	if ((await context.helpers.getProcessedDataCount('node', OPTIONS)) === 0) return new Set();
	for (const pauseMs of [0, FIND_AGAIN_MS]) {
		if (found.length === 0) break;
		if (pauseMs > 0) await sleep(pauseMs);
		const fresh = await recordKeys(context, found);
		if (fresh.length > 0) await context.helpers.removeProcessed(fresh, 'node', OPTIONS);
		found = found.filter((key) => !fresh.includes(key));
	}
	return new Set(found);
}

/** Gives keys back, so that they can be claimed again. */
export async function releaseKeys(context: IExecuteFunctions, keys: string[]): Promise<void> {
	await doInTurn(context, async () => await context.helpers.removeProcessed(keys, 'node', OPTIONS));
}

/** Notes a key that no other execution asks for, so without a second look. @returns whether it was new */
export async function noteKey(context: IExecuteFunctions, key: string): Promise<boolean> {
	return (await doInTurn(context, async () => await recordKeys(context, [key]))).length > 0;
}

function getQueue(context: IExecuteFunctions): Queue {
	return getNodeQueue(getNodeKey(context));
}

/** Does work at a node's row when all that was asked for before is done. */
async function doInTurn<T>(context: IExecuteFunctions, work: () => Promise<T>): Promise<T> {
	const queue = getQueue(context);
	const done = queue.last.then(work);
	queue.last = done.catch(() => undefined);
	return await done;
}

/** Claims for all that wait when the turn comes. */
async function claimTogether(context: IExecuteFunctions, waiting: Claim[]): Promise<void> {
	const mark = `mark:${randomUUID()}`;
	let claims: Claim[] = [];
	try {
		const recorded = await doInTurn(context, async () => {
			claims = waiting.splice(0);
			const keys = new Set(claims.flatMap((claim) => claim.keys));
			const begun = Date.now();
			const fresh = await recordKeys(context, [...keys, mark]);
			return { keys: fresh.filter((key) => key !== mark), tookMs: Date.now() - begun };
		});
		const mine = await confirm(context, recorded, mark);
		for (const { keys, resolve } of claims)
			resolve(new Set(keys.filter((key) => mine.delete(key))));
	} catch (error) {
		for (const { reject } of claims) reject(error);
	}
}

/**
 * Finds out which of the keys that were recorded as new are ours.
 *
 * Two processes may both be answered "new", and the one that writes last overwrites the other. So a
 * mark of our own is written along, and all are looked for after a moment:
 *
 * - The mark is there: nobody has written after us, so the keys are ours.
 * - The mark is gone and a key is there: the key is the other process's.
 * - Both are gone: an unrelated write lost them. The look has put them back, so look again.
 *
 * Two could both have a key only if one took longer between its reading and its writing than the
 * other waits with its look.
 */
async function confirm(
	context: IExecuteFunctions,
	{ keys, tookMs }: { keys: string[]; tookMs: number },
	mark: string,
): Promise<Set<string>> {
	const mine = new Set(keys);
	const lookAfterMs = Math.min(
		Math.max(SECOND_LOOK_MS.atLeast, SECOND_LOOK_FACTOR * tookMs),
		SECOND_LOOK_MS.atMost,
	);
	let unsure = keys;
	while (unsure.length > 0) {
		await sleep(lookAfterMs * (1 + Math.random() / 2));
		const looked = await doInTurn(
			context,
			async () => await recordKeys(context, [...unsure, mark]),
		);
		const lost = new Set(looked);
		if (!lost.has(mark)) break;
		for (const key of unsure) if (!lost.has(key)) mine.delete(key);
		unsure = unsure.filter((key) => lost.has(key));
	}
	await releaseKeys(context, [mark]);
	return mine;
}

/** @returns the keys that were new */
async function recordKeys(context: IExecuteFunctions, keys: string[]): Promise<string[]> {
	const ask = async () => await context.helpers.checkProcessedAndRecord(keys, 'node', OPTIONS);
	// The very first record of a node inserts the row: of two processes that do so at once, one fails.
	const { new: fresh } = await ask().catch(ask);
	return fresh as string[];
}
