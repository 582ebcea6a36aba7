import { execute, processedData } from '../../../engine';
import type { World } from '../../../engine';
import { createInvoices } from '../../../engine/workflows';
import { billed, bills, faultAfter, ids, useSandbox, words, worldOf } from '../../../support';

const sandboxOf = useSandbox();

const keyed = (more = {}) => createInvoices({ uniqueKey: '={{ $json.order ?? "order-1" }}', ...more });
const bill = bills(1);
const asked = () => sandboxOf().requests.map(({ method }) => method);

/** The same n8n after a restart: what its process remembered is gone, what it saved is not. */
async function afterRestart(world: World, database = processedData.rows) {
	let run = async (..._arguments: Parameters<typeof execute>) => await execute(..._arguments);
	await jest.isolateModulesAsync(async () => {
		const engine = await import('../../../engine');
		for (const [name, row] of database) engine.processedData.rows.set(name, row);
		run = engine.execute;
	});
	return await run(world, keyed(), { items: bill });
}

it.each(['trigger', 'webhook', 'manual'] as const)('hands out the invoice of an earlier execution (%s)', async (mode) => {
	const world = worldOf(sandboxOf(), { mode });
	const first = await execute(world, keyed(), { items: bill });
	const second = await execute(world, keyed(), { items: bill });
	expect(first.items[0]).not.toHaveProperty('reused');
	expect(second.items).toEqual([expect.objectContaining({ id: first.items[0].id, reused: true })]);
	expect(asked()).toEqual(['POST', 'GET']);
});

it('makes two items of one run with the same key one invoice', async () => {
	const executed = await execute(worldOf(sandboxOf()), keyed(), { items: bills(2) });
	expect(billed(sandboxOf())).toEqual(['payer0@example.com']);
	expect(new Set(ids(executed.items)).size).toBe(1);
	expect(executed.items.map(({ reused }) => reused === true)).toEqual([false, true]);
});

it('makes one invoice for each of several keys', async () => {
	const items = bills(3).map((one, index) => ({ ...one, order: `order-${index}` }));
	const executed = await execute(worldOf(sandboxOf()), keyed(), { items });
	expect(new Set(ids(executed.items)).size).toBe(3);
});

it('makes one invoice in two executions at the same moment', async () => {
	sandboxOf().setLatency(50);
	const world = worldOf(sandboxOf(), { mode: 'webhook' });
	const both = await Promise.all([1, 2].map(async () => await execute({ ...world }, keyed(), { items: bill })));
	expect(billed(sandboxOf())).toHaveLength(1);
	expect(new Set(both.flatMap(({ items }) => ids(items))).size).toBe(1);
});

it('can be used again after a create that is known to have failed', async () => {
	faultAfter(sandboxOf(), 0, { kind: 'status', status: 400, times: 1 });
	const world = worldOf(sandboxOf(), { mode: 'trigger' });
	expect((await execute(world, keyed(), { items: bill })).error?.message).toContain('(400)');
	expect((await execute(world, keyed(), { items: bill })).items).toHaveLength(1);
});

it('stays taken after a create that may have happened', async () => {
	faultAfter(sandboxOf(), 0, { kind: 'resetBefore', times: 1 });
	const world = worldOf(sandboxOf(), { mode: 'trigger' });
	await execute(world, keyed(), { items: bill });
	const second = await execute(world, keyed(), { items: bill });
	expect(words(second)).toMatch(/unique key "order-1" is taken.*\[item 0\][\s\S]*nothing was created/);
	expect(asked()).toEqual(['POST']);
});

// what an execution on a worker saves overwrites all that others have saved meanwhile
it('leaves the static data of the workflow alone when it knows no invoice', async () => {
	const world = worldOf(sandboxOf(), { mode: 'trigger' });
	await execute(world, keyed(), { items: bill });
	world.staticData = {};
	expect((await afterRestart(world)).error?.message).toContain('is taken');
	expect(world.staticData).toEqual({ global: {} });
});

it('stays taken if a resend of such a create is refused', async () => {
	sandboxOf().addFault({ kind: 'resetAfter', times: 1 });
	sandboxOf().addFault({ kind: 'status', status: 400, times: 1 });
	const world = worldOf(sandboxOf(), { mode: 'trigger' });
	const first = await execute(world, keyed(), { items: bill });
	const resent = await execute(world, keyed({ options: { resendUnconfirmed: true } }), { retryOf: first, withSavedWorkflow: true });
	expect(resent.error?.message).toContain('(400)');
	const next = await execute(world, keyed(), { items: bill });
	expect(next.error?.message).toContain('is taken');
	expect(billed(sandboxOf())).toHaveLength(1);
});

it('is handed out by a retry in the editor without asking again', async () => {
	faultAfter(sandboxOf(), 1, { kind: 'status', status: 400, times: 1 });
	const items = bills(2).map((one, index) => ({ ...one, order: `order-${index}` }));
	const world = worldOf(sandboxOf(), { mode: 'trigger' });
	const first = await execute(world, keyed({ options: { maxConcurrency: 1 } }), { items });
	const again = await execute(world, keyed(), { retryOf: first });
	expect(ids(again.items)).toEqual([...sandboxOf().books.invoices.keys()]);
	expect(asked()).toEqual(['POST', 'POST', 'POST']);
});

it('survives a restart of n8n after a production execution', async () => {
	const world = worldOf(sandboxOf(), { mode: 'trigger' });
	const first = await execute(world, keyed(), { items: bill });
	const second = await afterRestart(world);
	expect(second.items).toEqual([expect.objectContaining({ id: first.items[0].id, reused: true })]);
	expect(billed(sandboxOf())).toHaveLength(1);
});

it('fails and creates nothing if the ID is not known any more: a test execution, then a restart', async () => {
	const world = worldOf(sandboxOf(), { mode: 'manual' });
	await execute(world, keyed(), { items: bill });
	const second = await afterRestart(world);
	expect(words(second)).toMatch(/unique key "order-1" is taken[\s\S]*not known any more/);
	expect(asked()).toEqual(['POST']);
});

it('belongs to the node, whatever its name', async () => {
	const world = worldOf(sandboxOf(), { mode: 'trigger' });
	const first = await execute(world, keyed(), { items: bill });
	const renamed = JSON.parse(JSON.stringify(keyed()).replaceAll('"SafePays"', '"Bill"')) as ReturnType<typeof keyed>;
	const second = await execute(world, renamed, { items: bill });
	const [result] = second.run.data.resultData.runData.Bill;
	expect(result.data?.main[0]?.[0].json).toMatchObject({ id: first.items[0].id, reused: true });
	expect(billed(sandboxOf())).toHaveLength(1);
});

it('does not reach into a copy of the workflow', async () => {
	const world = worldOf(sandboxOf(), { mode: 'trigger' });
	await execute(world, keyed(), { items: bill });
	await execute(worldOf(sandboxOf(), { mode: 'trigger' }), keyed(), { items: bill });
	expect(billed(sandboxOf())).toHaveLength(2);
});
