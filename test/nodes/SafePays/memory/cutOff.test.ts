import { execute, processedData } from '../../../engine';
import { createInvoices } from '../../../engine/workflows';
import { billed, bills, useSandbox, words, worldOf } from '../../../support';

const sandboxOf = useSandbox();

const BEGAN = Date.UTC(2026, 0, 31, 12);

/** Runs until SafePays has the first create, and loses everything but n8n's database there. */
async function killedWhileCreating(workflowId: string): Promise<void> {
	const sandbox = sandboxOf();
	sandbox.addFault({ kind: 'slow', ms: 300 });
	const running = execute(worldOf(sandbox, { workflowId }), createInvoices(), { items: bills(1), establishedAt: BEGAN });
	while (sandbox.books.invoices.size === 0) await new Promise((resolve) => setImmediate(resolve));
	const kept = new Map([...processedData.rows].map(([name, row]) => [name, [...row]]));
	await running;
	sandbox.clearFaults();
	for (const [name, row] of kept) processedData.rows.set(name, row);
}

describe('The retry of an execution that n8n was killed in', () => {
	it('creates nothing that may have been created, and says what to look for', async () => {
		await killedWhileCreating('killed');
		const world = worldOf(sandboxOf(), { workflowId: 'killed', mode: 'retry' });
		const retried = await execute(world, createInvoices(), { items: bills(1), establishedAt: BEGAN });
		expect(words(retried)).toMatch(/Not sent again.*an invoice of 100 USD to payer0@example\.com, sent after 2026-01-31 13:00:00/s);
		expect(billed(sandboxOf())).toEqual(['payer0@example.com']);

		const again = await execute(world, createInvoices(), { items: bills(1), establishedAt: BEGAN });
		expect(words(again)).toContain('Not sent again');
		expect(billed(sandboxOf())).toEqual(['payer0@example.com']);
	});

	it('creates nothing either when n8n has not kept when that execution began', async () => {
		await killedWhileCreating('not-kept');
		const world = worldOf(sandboxOf(), { workflowId: 'not-kept', mode: 'retry' });
		const retried = await execute(world, createInvoices(), { items: bills(1) });
		expect(words(retried)).toMatch(/Not sent again.*an invoice of 100 USD to payer0@example\.com, sent before \d{4}-/s);
		expect(billed(sandboxOf())).toEqual(['payer0@example.com']);
	});

	it('creates it when the user has looked and turns "Resend Unconfirmed" on', async () => {
		await killedWhileCreating('looked');
		const world = worldOf(sandboxOf(), { workflowId: 'looked', mode: 'retry' });
		const retried = await execute(world, createInvoices({ options: { resendUnconfirmed: true } }), {
			items: bills(1),
			establishedAt: BEGAN,
		});
		expect(retried.error).toBeUndefined();
		expect(billed(sandboxOf())).toHaveLength(2);
	});

	it('is the only one held back: other executions of the workflow create', async () => {
		await killedWhileCreating('others');
		const world = worldOf(sandboxOf(), { workflowId: 'others' });
		const other = await execute(world, createInvoices(), { items: bills(1), establishedAt: BEGAN + 1 });
		expect(other.items).toHaveLength(1);
	});
});

it('leaves no note behind when the node has run to its end', async () => {
	await execute(worldOf(sandboxOf(), { workflowId: 'ended' }), createInvoices(), { items: bills(3) });
	const [row] = [...processedData.rows].filter(([name]) => name.startsWith('ended:'));
	expect(row[1]).toEqual([]);
});
