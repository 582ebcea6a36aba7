import { execute, processedData } from '../../../engine';
import { createInvoices } from '../../../engine/workflows';
import { billed, bills, useSandbox, words, createWorld } from '../../../support';

const sandbox = useSandbox();

const BEGAN = Date.UTC(2026, 0, 31, 12);

/** Runs until SafePays has the first create, and loses everything but n8n's database there. */
async function killedWhileCreating(workflowId: string): Promise<void> {
	sandbox.addFault({ kind: 'slow', ms: 300 });
	const running = execute(createWorld(sandbox, { workflowId }), createInvoices(), {
		items: bills(1),
		establishedAt: BEGAN,
	});
	while (sandbox.books.invoices.size === 0) await new Promise((resolve) => setImmediate(resolve));
	const kept = new Map([...processedData.rows].map(([name, row]) => [name, [...row]]));
	await running;
	sandbox.clearFaults();
	for (const [name, row] of kept) processedData.rows.set(name, row);
}

describe('The retry of an execution that n8n was killed in', () => {
	it('creates nothing that may have been created, and says what to look for', async () => {
		await killedWhileCreating('killed');
		const world = createWorld(sandbox, { workflowId: 'killed', mode: 'retry' });
		const retried = await execute(world, createInvoices(), {
			items: bills(1),
			establishedAt: BEGAN,
		});
		expect(words(retried)).toMatch(
			/Not sent again.*an invoice of 100 USD to payer0@example\.com, sent after 2026-01-31 13:00:00/s,
		);
		expect(billed(sandbox)).toEqual(['payer0@example.com']);

		const again = await execute(world, createInvoices(), { items: bills(1), establishedAt: BEGAN });
		expect(words(again)).toContain('Not sent again');
		expect(billed(sandbox)).toEqual(['payer0@example.com']);
	});

	it('creates nothing either when n8n has not kept when that execution began', async () => {
		await killedWhileCreating('not-kept');
		const world = createWorld(sandbox, { workflowId: 'not-kept', mode: 'retry' });
		const retried = await execute(world, createInvoices(), { items: bills(1) });
		expect(words(retried)).toMatch(
			/Not sent again.*an invoice of 100 USD to payer0@example\.com, sent before \d{4}-/s,
		);
		expect(billed(sandbox)).toEqual(['payer0@example.com']);
	});

	it('creates it when the user has looked and turns "Create Again If Unsure" on', async () => {
		await killedWhileCreating('looked');
		const world = createWorld(sandbox, { workflowId: 'looked', mode: 'retry' });
		const retried = await execute(world, createInvoices({ options: { resendUnconfirmed: true } }), {
			items: bills(1),
			establishedAt: BEGAN,
		});
		expect(retried.error).toBeUndefined();
		expect(billed(sandbox)).toHaveLength(2);
	});

	it('is the only one held back: other executions of the workflow create', async () => {
		await killedWhileCreating('others');
		const world = createWorld(sandbox, { workflowId: 'others' });
		const other = await execute(world, createInvoices(), {
			items: bills(1),
			establishedAt: BEGAN + 1,
		});
		expect(other.items).toHaveLength(1);
	});
});

describe('The retry of an execution that n8n was killed in after the node had ended', () => {
	it('creates nothing again, however often it is retried', async () => {
		const world = createWorld(sandbox, { workflowId: 'killed later' });
		await execute(world, createInvoices(), { items: bills(2), establishedAt: BEGAN });
		// whatever the node put out and remembered is lost with the execution
		const retry = createWorld(sandbox, { workflowId: 'killed later', mode: 'retry' });
		const retried = await execute(retry, createInvoices(), {
			items: bills(2),
			establishedAt: BEGAN,
		});
		expect(words(retried)).toContain('Not sent again: an earlier try may have created the invoice');
		expect(billed(sandbox)).toHaveLength(2);

		await execute(retry, createInvoices(), {
			items: bills(2),
			establishedAt: BEGAN,
			retryOf: retried,
		});
		expect(billed(sandbox)).toHaveLength(2);
	});
});

describe('The retry of an execution that has failed with its data kept', () => {
	it('creates what was refused', async () => {
		const world = createWorld(sandbox, { workflowId: 'refused' });
		sandbox.addFault({ kind: 'status', status: 400, times: 1 });
		const failed = await execute(world, createInvoices(), {
			items: bills(1),
			establishedAt: BEGAN,
		});
		expect(failed.error).toBeDefined();
		const retry = createWorld(sandbox, { workflowId: 'refused', mode: 'retry' });
		const retried = await execute(retry, createInvoices(), {
			establishedAt: BEGAN,
			retryOf: failed,
		});
		expect(retried.error).toBeUndefined();
		expect(billed(sandbox)).toHaveLength(1);
	});
});

it('keeps the notes of the last 200 runs, so that the row in the database stays small', async () => {
	const world = createWorld(sandbox, { workflowId: 'many runs' });
	for (let run = 0; run < 203; run++) {
		await execute(world, createInvoices(), { items: bills(1), establishedAt: BEGAN + run });
	}
	const [row] = [...processedData.rows].filter(([name]) => name.startsWith('many runs:'));
	expect(row[1]).toHaveLength(200);
});

it('notes nothing for creates that have a unique key, which is claimed anyway', async () => {
	const world = createWorld(sandbox, { workflowId: 'unique keys' });
	await execute(world, createInvoices({ uniqueKey: 'order-1' }), { items: bills(1) });
	const rows = [...processedData.rows].filter(([name]) => name.startsWith('unique keys:'));
	expect(rows).toEqual([]);
});
