import { randomUUID } from 'crypto';

import type { IExecuteFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { nodeKey } from './nodeKey';

/** Keys that one node remembers in n8n's database; past that the oldest are forgotten. */
const MAX_KEYS = 20_000;

/** Longer than n8n's helper takes to read a row and write it back, so that both of two writers look after both have written. */
const SECOND_LOOK_MS = 100;

const OPTIONS = { mode: 'entries', maxEntries: MAX_KEYS } as const;

interface Claim {
	key: string;
	resolve: (isNew: boolean) => void;
	reject: (error: unknown) => void;
}

/** What waits for its turn at a node's row. */
interface Line {
	claims: Claim[];
	last: Promise<void>;
}

const lines = new Map<string, Line>();

/**
 * Claims a key for a node of a workflow in n8n's database, across executions, restarts and processes.
 *
 * n8n's helper (`checkProcessedAndRecord`) reads a row and writes it back whole. Within this process
 * claims therefore go one after the other, those that wait together in one go; against other
 * processes each claim looks again after a moment (see `record`).
 *
 * @returns whether the key was new: the caller, and nobody else, has it now
 */
export async function claimKey(context: IExecuteFunctions, key: string): Promise<boolean> {
	return await new Promise<boolean>((resolve, reject) => {
		const line = lineOf(context);
		line.claims.push({ key, resolve, reject });
		enqueue(line, async () => await serve(context, line.claims.splice(0)));
	});
}

/** Gives keys back, so that they can be claimed again. */
export async function releaseKeys(context: IExecuteFunctions, keys: string[]): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		enqueue(lineOf(context), async () => {
			await context.helpers.removeProcessed(keys, 'node', OPTIONS).then(resolve, reject);
		});
	});
}

/** Notes a key that no other execution asks for, so without a second look. @returns whether it was new */
export async function noteKey(context: IExecuteFunctions, key: string): Promise<boolean> {
	return await new Promise<boolean>((resolve, reject) => {
		enqueue(lineOf(context), async () => {
			await check(context, [key]).then((fresh) => resolve(fresh.length > 0), reject);
		});
	});
}

function lineOf(context: IExecuteFunctions): Line {
	const name = nodeKey(context);
	const line = lines.get(name) ?? { claims: [], last: Promise.resolve() };
	lines.set(name, line);
	return line;
}

function enqueue(line: Line, work: () => Promise<void>): void {
	line.last = line.last.then(work, work);
}

async function serve(context: IExecuteFunctions, claims: Claim[]): Promise<void> {
	if (claims.length === 0) return;
	try {
		const mine = await record(context, [...new Set(claims.map(({ key }) => key))]);
		for (const { key, resolve } of claims) resolve(mine.delete(key));
	} catch (error) {
		for (const { reject } of claims) reject(error);
	}
}

/**
 * Records keys and finds out which of them are ours.
 *
 * Two processes may both be told "new", and the one that writes last overwrites the other. So a
 * mark of our own is written along, and both are looked for after a moment: a lost mark means that
 * somebody overwrote us; a key that is there without it is theirs, and a key that is gone too was
 * lost to an unrelated write, is put back by that look, and looked for again.
 */
async function record(context: IExecuteFunctions, keys: string[]): Promise<Set<string>> {
	const mark = `mark:${randomUUID()}`;
	let unsure = (await check(context, [...keys, mark])).filter((key) => key !== mark);
	const mine = new Set(unsure);
	while (unsure.length > 0) {
		await sleep(SECOND_LOOK_MS * (1 + Math.random() / 2));
		const lost = new Set(await check(context, [...unsure, mark]));
		if (!lost.has(mark)) break;
		for (const key of unsure) if (!lost.has(key)) mine.delete(key);
		unsure = unsure.filter((key) => lost.has(key));
	}
	await context.helpers.removeProcessed([mark], 'node', OPTIONS);
	return mine;
}

/** @returns the keys that were new */
async function check(context: IExecuteFunctions, keys: string[]): Promise<string[]> {
	const ask = async () => await context.helpers.checkProcessedAndRecord(keys, 'node', OPTIONS);
	// The very first record of a node inserts the row: of two processes doing so, one fails.
	const { new: fresh } = await ask().catch(ask);
	return fresh as string[];
}
