import type { WorkflowJson } from '../../engine';
import { execute, NODE_NAME } from '../../engine';
import { asTool, createInvoices } from '../../engine/workflows';
import { billed, bills, useSandbox, createWorld } from '../../support';

const sandbox = useSandbox();

/** The same workflow, but the node runs twice on the same item. */
function twice(json: WorkflowJson): WorkflowJson {
	const link = (node: string) => ({ node, type: 'main' as const, index: 0 });
	const start = json.nodes[0].name;
	json.connections = {
		[start]: { main: [[link(NODE_NAME), link('After')]] },
		After: { main: [[link(NODE_NAME)]] },
	};
	return json;
}

describe('as a tool of an AI agent', () => {
	it('hands an error back as an item that says all a model has to know', async () => {
		const executed = await execute(
			createWorld(sandbox),
			asTool(createInvoices({ email: 'nobody' })),
			{ items: bills(1) },
		);
		expect(executed.items[0].error).toMatch(
			/"Email" is not an email address.*\. Enter one address.* Nothing was sent to SafePays\./,
		);
	});

	it('refuses to wait for a payment, and creates nothing', async () => {
		const executed = await execute(
			createWorld(sandbox),
			asTool(createInvoices({ operation: 'waitForPayment' })),
			{ items: bills(1) },
		);
		expect(executed.items[0].error).toMatch(
			/cannot be used as a tool of an AI agent\. Nothing was created\./,
		);
		expect(sandbox.requests).toEqual([]);
	});

	// In a loop the same content is the next item; from a model it is the same create, asked for again.
	it.each([
		['does not create again what an earlier call has left unknown', asTool, 1],
		[
			'while in a loop, not called by a model, the next round creates its own',
			(json: WorkflowJson) => json,
			2,
		],
	])('%s', async (_what, made, count) => {
		sandbox.addFault({ kind: 'resetAfter', times: 1 });
		const json = twice(made(createInvoices({}, { onError: 'continueRegularOutput' })));
		const { run } = await execute(createWorld(sandbox), json, { items: bills(1) });
		expect(run.data.resultData.runData[NODE_NAME]).toHaveLength(2);
		expect(billed(sandbox)).toHaveLength(count);
	});
});
