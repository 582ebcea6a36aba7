import fc from 'fast-check';
import type { IExecuteFunctions } from 'n8n-workflow';

import type * as keyClaims from '../../../../nodes/SafePays/idempotency/keyClaims';
import { ProcessedData } from '../../../engine/processedData';
import { seedFromEnv } from '../../../support';

type Keys = typeof keyClaims;

/** n8n's database, which several n8n processes share. */
let database: ProcessedData;
const workflow = { id: 'workflow' };
const node = { id: 'node' };

beforeEach(() => {
	database = new ProcessedData();
});

/** What the node is given in an execution, as far as keys need it; recording takes so many milliseconds. */
const context = (delayMs = 0) =>
	({
		getWorkflow: () => workflow,
		getNode: () => node,
		helpers: {
			checkProcessedAndRecord: async (keys: string[], scope: string, options: object) => {
				database.delayMs = delayMs;
				return await database.checkProcessedAndRecord(keys, scope, { workflow, node }, options);
			},
			removeProcessed: async (keys: string[], scope: string) =>
				await database.removeProcessed(keys, scope, { workflow, node }),
		},
	}) as unknown as IExecuteFunctions;

/** The module as another n8n process has it: with no memory in common. */
async function process() {
	let module: Keys | undefined;
	await jest.isolateModulesAsync(async () => {
		module = await import('../../../../nodes/SafePays/idempotency/keyClaims');
	});
	const keys = module as Keys;
	const claimKey = async (execution: IExecuteFunctions, key: string) =>
		(await keys.claimKeys(execution, [key])).has(key);
	return { ...keys, claimKey };
}

const winners = (claims: boolean[]) => claims.filter(Boolean).length;
const marks = async () => await database.getProcessedDataCount('node', { workflow, node });

it('gives a key to the first who claims it, and to nobody after', async () => {
	const { claimKey } = await process();
	expect(await claimKey(context(), 'a')).toBe(true);
	expect(await claimKey(context(), 'a')).toBe(false);
	expect(await (await process()).claimKey(context(), 'a')).toBe(false);
});

it('lets a key that was given back be claimed again', async () => {
	const { claimKey, releaseKeys } = await process();
	await claimKey(context(), 'a');
	await releaseKeys(context(), ['a']);
	expect(await claimKey(context(), 'a')).toBe(true);
});

it('leaves nothing but the keys in the database', async () => {
	const { claimKey } = await process();
	await Promise.all(['a', 'b', 'a', 'c'].map(async (key) => await claimKey(context(), key)));
	expect(await marks()).toBe(3);
});

it('claims a key again that another process’ write of another key has overwritten', async () => {
	const { claimKey } = await process();
	await database.checkProcessedAndRecord(['first'], 'node', { workflow, node }, {});
	const before = [...(database.rows.get('workflow:node') ?? [])];
	const claim = claimKey(context(), 'a');
	// The other process has read the row before, and writes it back after us.
	await new Promise((resolve) => setTimeout(resolve, 20));
	database.rows.set('workflow:node', [...before, 'something else']);
	expect(await claim).toBe(true);
	expect(await (await process()).claimKey(context(), 'a')).toBe(false);
});

it('has one winner where one process reads before the other claims, and writes a quarter of a second later', async () => {
	await database.checkProcessedAndRecord(['first'], 'node', { workflow, node }, {});
	const [fast, slow] = [await process(), await process()];
	const claims = [slow.claimKey(context(250), 'a'), fast.claimKey(context(), 'a')];
	expect(winners(await Promise.all(claims))).toBe(1);
});

it('passes on that the database cannot be asked', async () => {
	const { claimKey } = await process();
	const broken = context();
	broken.helpers.checkProcessedAndRecord = async () =>
		await Promise.reject(new Error('database is locked'));
	await expect(claimKey(broken, 'a')).rejects.toThrow('database is locked');
	expect(await claimKey(context(), 'a')).toBe(true);
});

it('has exactly one winner among any number of claimers in any number of processes', async () => {
	const processes = [await process(), await process(), await process()];
	await fc.assert(
		fc.asyncProperty(
			fc.boolean(),
			fc.array(
				fc.record({
					inProcess: fc.nat({ max: 2 }),
					key: fc.constantFrom('a', 'b'),
					afterMs: fc.nat({ max: 40 }),
					delayMs: fc.nat({ max: 60 }),
				}),
				{ minLength: 2, maxLength: 8 },
			),
			async (rowIsThere, claimers) => {
				database = new ProcessedData();
				if (rowIsThere)
					await database.checkProcessedAndRecord(['old'], 'node', { workflow, node }, {});
				const claims = await Promise.all(
					claimers.map(async ({ inProcess, key, afterMs, delayMs }) => {
						await new Promise((resolve) => setTimeout(resolve, afterMs));
						return { key, won: await processes[inProcess].claimKey(context(delayMs), key) };
					}),
				);
				for (const key of new Set(claimers.map((claimer) => claimer.key))) {
					expect(winners(claims.filter((claim) => claim.key === key).map(({ won }) => won))).toBe(
						1,
					);
				}
			},
		),
		{ numRuns: 15, seed: seedFromEnv('SAFEPAYS_TEST_SEED', 7) },
	);
}, 60_000);
