import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { NewKeyRow } from '../../../../nodes/SafePays/idempotency/keyTable';
import { getKeyTable } from '../../../../nodes/SafePays/idempotency/keyTable';
import type { Executed, World } from '../../../engine';
import { dataTables, execute, processedData } from '../../../engine';
import type { DataTables } from '../../../engine/dataTables';
import { asTool, createInvoices } from '../../../engine/workflows';
import {
	API_KEY,
	billed,
	bills,
	faultAfter,
	ids,
	sentBodies,
	until,
	useSandbox,
	words,
	createWorld,
} from '../../../support';

const sandbox = useSandbox();
beforeEach(() => dataTables.reset());

const keyed = (more = {}) =>
	createInvoices({ uniqueKey: '={{ $json.order ?? "order-1" }}', ...more });
const resending = keyed({ options: { resendUnconfirmed: true } });
const bill = bills(1);
const orders = (count: number) =>
	bills(count).map((one, index) => ({ ...one, order: `order-${index}` }));
const asked = () => sandbox.requests.map(({ method }) => method);
const production = (more: Partial<World> = {}) =>
	createWorld(sandbox, { mode: 'trigger', ...more });
const REUSED = { reused: true };
/** What another process leaves behind that is killed while it creates. */
const leftBehind = (row: IDataObject) => ({ ...row, status: 'creating', invoice: '' });

/** Another process of the same n8n, with the same database: a worker, or n8n after a restart. */
async function startProcess(): Promise<{ run: typeof execute; tables: DataTables }> {
	let run: typeof execute = execute;
	let tables = dataTables;
	await jest.isolateModulesAsync(async () => {
		const engine = await import('../../../engine');
		engine.dataTables.tables = dataTables.tables;
		for (const [name, row] of processedData.rows) engine.processedData.rows.set(name, row);
		run = engine.execute;
		tables = engine.dataTables;
	});
	tables.latencyMs = dataTables.latencyMs;
	tables.isOff = dataTables.isOff;
	return { run, tables };
}

describe('in n8n’s data table', () => {
	it.each(['trigger', 'webhook', 'manual'] as const)(
		'hands out the invoice of an earlier execution (%s)',
		async (mode) => {
			const world = createWorld(sandbox, { mode });
			const first = await execute(world, keyed(), { items: bill });
			const second = await execute(world, keyed(), { items: bill });
			expect(first.items[0]).not.toHaveProperty('reused');
			expect(second.items).toEqual([expect.objectContaining({ id: first.items[0].id, ...REUSED })]);
			expect(asked()).toEqual(['POST', 'GET']);
		},
	);

	it.each(['trigger', 'manual'] as const)(
		'hands it out after a restart, and on another worker (%s)',
		async (mode) => {
			const world = createWorld(sandbox, { mode });
			const first = await execute(world, keyed(), { items: bill });
			const { run } = await startProcess();
			const second = await run(world, keyed(), { items: bill });
			expect(second.items).toEqual([expect.objectContaining({ id: first.items[0].id, ...REUSED })]);
			expect(billed(sandbox)).toHaveLength(1);
		},
	);

	it('keeps one row for each key, which says what was billed', async () => {
		const world = production();
		const { items } = await execute(world, keyed(), { items: orders(2) });
		await execute(world, keyed(), { items: orders(2) });
		expect(dataTables.tables).toMatchObject([{ name: 'SafePays unique keys' }]);
		expect(dataTables.rows).toMatchObject([
			{
				key: 'order-0',
				status: 'created',
				invoice: items[0].id,
				billed: 'an invoice of 100 USD to payer0@example.com',
				node: 'SafePays',
				workflow: 'Test',
			},
			{ key: 'order-1', status: 'created', invoice: items[1].id },
		]);
		expect(JSON.stringify(dataTables.rows)).not.toContain(API_KEY);
	});

	it('creates anew for a key whose row the user has deleted', async () => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		dataTables.deleteRows(({ key }) => key === 'order-1');
		const again = await execute(world, keyed(), { items: bill });
		expect(again.items).toMatchObject([{ status: 'Invoice Created' }]);
		expect(again.items[0]).not.toHaveProperty('reused');
		expect(billed(sandbox)).toHaveLength(2);
	});

	it('makes the table anew when the user has deleted it', async () => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		dataTables.tables = [];
		const again = await execute(world, keyed(), { items: bill });
		expect(again.error).toBeUndefined();
		expect(dataTables.rows).toMatchObject([{ key: 'order-1', invoice: again.items[0].id }]);
	});

	it('keeps what another process has written since the user deleted a table of many keys', async () => {
		const context = {
			executeWorkflow: dataTables.execute.bind(dataTables),
		} as unknown as IExecuteFunctions;
		const [mine, theirs] = [getKeyTable('mine'), getKeyTable('theirs')];
		const row = (claim: string) => ({ claim }) as NewKeyRow;
		await mine.change(context, { insert: [row('old')] });
		dataTables.rows[0].id = 45_000;
		await mine.change(context, { find: ['old'] });
		dataTables.tables = [];
		await theirs.change(context, { insert: [row('new')] });
		expect(await mine.change(context, { find: ['new'] })).toHaveLength(1);
	});

	it('is not taken for missing once it was there, whatever n8n says of it', async () => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		dataTables.errors = Array(20).fill("Cannot read properties of undefined (reading 'execute')");
		await execute(world, keyed(), { items: bill });
		dataTables.errors = [];
		await execute(world, keyed(), { items: bill });
		expect(billed(sandbox)).toHaveLength(1);
	});

	it('makes two items of one run with the same key one invoice', async () => {
		const executed = await execute(production(), keyed(), { items: [...bill, ...bill] });
		expect(billed(sandbox)).toEqual(['payer0@example.com']);
		expect(new Set(ids(executed.items)).size).toBe(1);
		expect(executed.items.map(({ reused }) => reused === true)).toEqual([false, true]);
	});

	it('claims many keys in few calls, while others are in flight', async () => {
		sandbox.setLatency(20);
		dataTables.latencyMs = 20;
		const executed = await execute(production(), keyed(), { items: orders(200) });
		expect(new Set(ids(executed.items)).size).toBe(200);
		expect(dataTables.rows).toHaveLength(200);
		expect(dataTables.runs.length).toBeLessThan(60);
	});

	it('holds at most five keys that are not sent for each request that may be in flight', async () => {
		sandbox.setLatency(20);
		let most = 0;
		const look = setInterval(() => {
			const claimed = dataTables.rows.filter(({ status }) => status === 'creating').length;
			most = Math.max(most, claimed - sandbox.requests.length + billed(sandbox).length);
		}, 1);
		const options = { maxConcurrency: 2 };
		await execute(production(), keyed({ options }), { items: orders(60) });
		clearInterval(look);
		expect(most).toBeGreaterThan(2);
		expect(most).toBeLessThanOrEqual(2 + 5 * 2);
	});

	it('gives back the keys that it has claimed and not sent when a run stops early', async () => {
		faultAfter(sandbox, 1, { kind: 'status', status: 400, times: 1 });
		const world = production();
		const options = { maxConcurrency: 1 };
		const first = await execute(world, keyed({ options }), { items: orders(5) });
		expect(first.error?.message).toContain('(400)');
		expect(dataTables.rows).toMatchObject([{ key: 'order-0', status: 'created' }]);
		const second = await execute(world, keyed({ options }), { items: orders(5) });
		expect(second.items.map(({ reused }) => reused === true)).toEqual([
			true,
			false,
			false,
			false,
			false,
		]);
	});

	it('gives back the keys of a run that is cancelled', async () => {
		sandbox.setLatency(50);
		const world = production();
		let cancel = () => {};
		const running = execute(world, keyed({ options: { maxConcurrency: 1 } }), {
			items: orders(5),
			onStart: (execution) => (cancel = () => execution.cancel()),
		});
		await until(() => sandbox.requests.length > 0);
		cancel();
		await running;
		await until(() => dataTables.rows.every(({ status }) => status === 'created'));
		expect(dataTables.rows).toHaveLength(1);
	});

	it('can be used again after a create that is known to have failed', async () => {
		faultAfter(sandbox, 0, { kind: 'status', status: 400, times: 1 });
		const world = production();
		expect((await execute(world, keyed(), { items: bill })).error?.message).toContain('(400)');
		expect(dataTables.rows).toEqual([]);
		expect((await execute(world, keyed(), { items: bill })).items).toHaveLength(1);
	});

	it('stays taken after a create that may have happened, until it is created again on purpose', async () => {
		faultAfter(sandbox, 0, { kind: 'resetBefore', times: 1 });
		const world = production();
		await execute(world, keyed(), { items: bill });
		expect(dataTables.rows).toMatchObject([{ key: 'order-1', status: 'unconfirmed' }]);
		const second = await execute(world, keyed(), { items: bill });
		expect(words(second)).toMatch(
			/unique key "order-1" is taken[\s\S]*nothing was created[\s\S]*"Create Again If Unsure"/,
		);
		expect(asked()).toEqual(['POST']);

		const { run } = await startProcess();
		const again = await run(world, resending, { items: bill });
		expect(again.items[0]).not.toHaveProperty('reused');
		const row = { key: 'order-1', status: 'created', invoice: again.items[0].id };
		expect(dataTables.rows).toMatchObject([row]);
		expect((await execute(world, keyed(), { items: bill })).items).toMatchObject([REUSED]);
	});

	it('stays taken if a resend of such a create is refused', async () => {
		sandbox.addFault({ kind: 'resetAfter', times: 1 });
		sandbox.addFault({ kind: 'status', status: 400, times: 1 });
		const world = production();
		const first = await execute(world, keyed(), { items: bill });
		const resent = await execute(world, resending, { retryOf: first, withSavedWorkflow: true });
		expect(resent.error?.message).toContain('(400)');
		const next = await execute(world, keyed(), { items: bill });
		expect(next.error?.message).toContain('is taken');
		expect(billed(sandbox)).toHaveLength(1);
	});

	it('is handed out by a retry in the editor without asking again', async () => {
		faultAfter(sandbox, 1, { kind: 'status', status: 400, times: 1 });
		const world = production();
		const options = { maxConcurrency: 1 };
		const first = await execute(world, keyed({ options }), { items: orders(2) });
		const again = await execute(world, keyed(), { retryOf: first });
		expect(ids(again.items)).toEqual([...sandbox.books.invoices.keys()]);
		expect(asked()).toEqual(['POST', 'POST', 'POST']);
	});

	it('belongs to the node, whatever its name', async () => {
		const world = production();
		const first = await execute(world, keyed(), { items: bill });
		const renamed = JSON.parse(
			JSON.stringify(keyed()).replaceAll('"SafePays"', '"Bill"'),
		) as ReturnType<typeof keyed>;
		const second = await execute(world, renamed, { items: bill });
		const [result] = second.run.data.resultData.runData.Bill;
		expect(result.data?.main[0]?.[0].json).toMatchObject({ id: first.items[0].id, ...REUSED });
		expect(billed(sandbox)).toHaveLength(1);
	});

	it('does not reach into a copy of the workflow', async () => {
		await execute(production(), keyed(), { items: bill });
		await execute(production(), keyed(), { items: bill });
		expect(billed(sandbox)).toHaveLength(2);
	});

	it('drops the oldest keys in groups when there are more than 20,000', async () => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		const [table] = dataTables.tables;
		const [{ ...old }] = table.rows;
		table.rows = Array.from({ length: 20_000 }, (_, n) => ({
			...old,
			id: 2 * n,
			claim: `old ${n}`,
		}));
		table.lastId = 40_000;
		await execute(world, keyed(), { items: orders(3) });
		await execute(world, keyed(), { items: orders(3) });
		expect(table.rows.length).toBeLessThanOrEqual(20_000);
		expect(table.rows.length).toBeGreaterThan(19_000);
		expect(table.rows.filter(({ key }) => /order-[012]/.test(String(key))).length).toBeGreaterThan(
			2,
		);
	});
});

describe('used for another request', () => {
	const refused = async (world: World, item: IDataObject, more = {}) => {
		const before = asked().length;
		const executed = await execute(world, keyed(more), { items: [item] });
		expect(words(executed)).toMatch(
			/unique key "order-1" was used for another request.*an invoice of 100 USD to payer0@example\.com/,
		);
		expect(asked()).toHaveLength(before);
		expect(executed.items).toEqual([]);
	};

	it.each([
		['another payer', { email: 'other@example.com' }, {}],
		['another amount', { amount: 101 }, {}],
		['another currency', {}, { currency: 'EUR' }],
		[
			'line items',
			{},
			{ priceBy: 'items', lineItems: { item: [{ title: 'Plan', qty: 1, price: 100 }] } },
		],
	])('fails and sends nothing (%s)', async (_, item, more) => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		await refused(world, { ...bill[0], ...item }, more);
		expect(billed(sandbox)).toHaveLength(1);
	});

	it('fails also with "Create Again If Unsure", and where the invoice is not known', async () => {
		faultAfter(sandbox, 0, { kind: 'resetAfter', times: 1 });
		const world = production();
		await execute(world, keyed(), { items: bill });
		await refused(world, { ...bill[0], amount: 5 }, { options: { resendUnconfirmed: true } });
	});

	it('fails within one run: the second item’s customer does not get the first one’s bill', async () => {
		const executed = await execute(production(), keyed({}), { items: bills(2) });
		expect(words(executed)).toContain('was used for another request');
		expect(billed(sandbox)).toEqual(['payer0@example.com']);
	});

	it('tells a model that it must not use the key for this', async () => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		const { saved } = await execute(world, asTool(keyed()), { items: bills(2).slice(1) });
		expect(saved).toContain('If this is meant to be the same invoice, do not create it again');
	});

	it('hands the invoice out when only due date, redirect URL or metadata differ', async () => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		const additionalFields = { dueDate: '2030-01-02', redirectUrl: 'https://example.com/thanks' };
		const second = await execute(world, keyed({ additionalFields }), { items: bill });
		expect(second.items).toMatchObject([REUSED]);
	});
});

describe('at the same moment', () => {
	it('makes one invoice in two executions, which both hand out', async () => {
		sandbox.setLatency(50);
		const world = production({ mode: 'webhook' });
		const both = await Promise.all(
			[1, 2].map(async () => await execute({ ...world }, keyed(), { items: bill })),
		);
		expect(billed(sandbox)).toHaveLength(1);
		expect(new Set(both.flatMap(({ items }) => ids(items))).size).toBe(1);
		expect(both.flatMap(({ items }) => items).filter(({ reused }) => reused)).toHaveLength(1);
	});

	/** The same items in two processes, the second one's in another order. */
	async function race(items: IDataObject[], prepare: (tables: DataTables) => void = () => {}) {
		const world = production();
		await execute(world, keyed(), { items: [{ ...bill[0], order: 'warm-up' }] });
		sandbox.reset();
		const { run, tables } = await startProcess();
		await run(world, keyed(), { items: [{ ...bill[0], order: 'order-x' }] });
		sandbox.reset();
		sandbox.setLatency(60);
		prepare(tables);
		const reversed = [...items].reverse();
		return await Promise.all([
			execute({ ...world }, keyed(), { items }),
			run({ ...world }, keyed(), { items: reversed }),
		]);
	}
	const expectOneEach = (both: Executed[], count: number) => {
		expect(both.map(({ error }) => error?.message)).toEqual([undefined, undefined]);
		expect(new Set(billed(sandbox)).size).toBe(count);
		expect(billed(sandbox)).toHaveLength(count);
		const items = both.flatMap((executed) => executed.items);
		expect(items.filter(({ reused }) => reused)).toHaveLength(count);
		expect(new Set(ids(items)).size).toBe(count);
	};

	it('makes one invoice on two workers, and the second one gets it', async () => {
		expectOneEach(await race(bill), 1);
	});

	it('makes one invoice when the higher row is seen before the lower one', async () => {
		expectOneEach(
			await race(bill, () => {
				dataTables.commitMs = [150];
			}),
			1,
		);
	});

	it('makes one invoice for each of many keys that two workers come to from both ends', async () => {
		expectOneEach(await race(orders(60)), 60);
	});

	it('waits no longer than the timeout for a key that another execution is at', async () => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		const [table] = dataTables.tables;
		table.rows = table.rows.map((row) => ({ ...row, ...leftBehind(row) }));
		const waited = await execute(world, keyed({ options: { timeout: 0.5 } }), { items: bill });
		expect(words(waited)).toMatch(
			/another execution is creating an invoice of 100 USD[\s\S]*"Create Again If Unsure"/,
		);
		expect(asked()).toEqual(['POST']);
	});

	it('waits only once for an execution that was killed with many keys', async () => {
		const world = production();
		await execute(world, keyed(), { items: orders(20) });
		const [table] = dataTables.tables;
		table.rows = table.rows.map((row) => ({ ...row, ...leftBehind(row), claimed_by: '7 token' }));
		const options = { timeout: 0.5, maxConcurrency: 1 };
		const begun = Date.now();
		const workflow = createInvoices(
			{ uniqueKey: '={{ $json.order }}', options },
			{ onError: 'continueRegularOutput' },
		);
		const waited = await execute(world, workflow, { items: orders(20) });
		expect(waited.items.every(({ error }) => String(error).includes('is creating'))).toBe(true);
		expect(Date.now() - begun).toBeLessThan(5_000);
	});

	it('takes a claim that is older than any create for one whose outcome is not known', async () => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		const [table] = dataTables.tables;
		const createdAt = new Date(Date.now() - 15 * 60_000).toISOString();
		table.rows = table.rows.map((row) => ({ ...row, ...leftBehind(row), createdAt }));
		expect(words(await execute(world, keyed(), { items: bill }))).toContain('not known');
		expect((await execute(world, resending, { items: bill })).items).toHaveLength(1);
		expect(dataTables.rows).toMatchObject([{ status: 'created' }]);
	});
});

describe('without the data table', () => {
	const off = async (world: World) => {
		const { run, tables } = await startProcess();
		tables.isOff = true;
		return { run, first: await run(world, keyed(), { items: bill }) };
	};

	it('hands out the invoice as long as the process lives, and creates none after that', async () => {
		const world = production();
		const { run, first } = await off(world);
		const second = await run(world, keyed(), { items: bill });
		expect(second.items).toEqual([expect.objectContaining({ id: first.items[0].id, ...REUSED })]);
		expect(dataTables.rows).toEqual([]);
	});

	it('creates no second one when the table is there again', async () => {
		const world = production();
		await jest.isolateModulesAsync(async () => {
			const engine = await import('../../../engine');
			engine.dataTables.isOff = true;
			await engine.execute(world, keyed(), { items: bill });
			for (const [name, row] of engine.processedData.rows) processedData.rows.set(name, row);
		});
		const later = await execute(world, keyed(), { items: bill });
		expect(words(later)).toMatch(/unique key "order-1" is taken[\s\S]*"Create Again If Unsure"/);
		expect(dataTables.rows).toEqual([]);
		expect((await execute(world, resending, { items: bill })).items).toHaveLength(1);
		expect((await execute(world, keyed(), { items: bill })).items).toMatchObject([REUSED]);
	});

	it('creates, claims elsewhere and tells it once while the tables are full', async () => {
		const world = production();
		await execute(world, keyed(), { items: orders(1) });
		dataTables.isFull = true;
		const full = await execute(world, keyed(), { items: orders(3) });
		expect(full.items.map(({ reused }) => reused === true)).toEqual([true, false, false]);
		dataTables.isFull = false;
		const later = await execute(world, keyed(), { items: orders(3) });
		expect(later.items).toMatchObject([REUSED, REUSED, REUSED]);
		expect(billed(sandbox)).toHaveLength(3);
	});

	it('fails and creates nothing when a table that is there cannot be read', async () => {
		const world = production();
		await execute(world, keyed(), { items: bill });
		dataTables.errors = ['SQLITE_BUSY', 'SQLITE_BUSY'];
		const unread = await execute(world, keyed(), { items: bill });
		expect(words(unread)).toMatch(
			/could not be looked for.*SQLITE_BUSY[\s\S]*safe to run it again/,
		);
		expect((await execute(world, keyed(), { items: bill })).items).toMatchObject([REUSED]);
	});
});

// n8n 2.40 and 2.41 hand it neither to workers nor to retried executions, and save over it all the same
it.each([true, false])(
	'never touches the static data of the workflow (data table: %s)',
	async (isOn) => {
		dataTables.isOff = !isOn;
		const staticData = { 'node:Gmail Trigger': { lastTimeChecked: 1 } };
		const world = production({ staticData: structuredClone(staticData) });
		faultAfter(sandbox, 1, { kind: 'status', status: 400, times: 1 });
		const failed = await execute(world, keyed(), { items: orders(2) });
		await execute(world, keyed(), { retryOf: failed });
		await execute(world, keyed(), { items: orders(2) });
		expect(world.staticData).toEqual(staticData);
		expect(sentBodies(sandbox)).not.toEqual([]);
	},
);

it('is named where SafePays does not know its invoice, as with the credential of another account', async () => {
	const world = production();
	const [first] = (await execute(world, keyed(), { items: bill })).items;
	sandbox.books.invoices.clear();
	const again = await execute(world, keyed(), { items: bill });
	expect(words(again)).toMatch(
		new RegExp(
			`The unique key "order-1" belongs to the invoice ${String(first.id)}, which SafePays does not know for this API key\nNothing was created for this item.*delete its row`,
		),
	);
	expect(billed(sandbox)).toEqual([]);
});
