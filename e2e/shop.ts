import { randomUUID } from 'node:crypto';

import type { N8nClient } from '../tools/harness/client';
import { getError } from '../tools/harness/client';
import { SandboxClient } from '../tools/harness/sandbox-client';
import type { NodeJson, NodeSettings, WorkflowJson } from '../tools/harness/workflow';
import { items, manualTrigger, safePays, webhook, workflow } from '../tools/harness/workflow';
import { post } from '../tools/harness/post';

export const KEY_IS_TAKEN = {
	message: expect.stringContaining('The unique key "order-1042" is taken'),
	description: expect.stringMatching(/othing was created.*"Create Again If Unsure"/),
};

export const RENAMED = { name: 'Bill the order', position: [900, 300] as [number, number] };

/** The n8n that a shop is in, and its SafePays. */
export interface Place {
	client: N8nClient;
	/** The address that webhooks come in at. */
	webhookUrl: string;
	sandboxUrl: string;
	credentialId: string;
}

/** The parts of a workflow that bills the orders posted to it; "Start" tries it with the first order. */
function parts(email: string, path: string, orders: string[], settings: NodeSettings) {
	const nodes = [
		webhook(path, { responseMode: 'lastNode' }),
		manualTrigger(),
		items(orders.map((order) => ({ body: { order } }))),
		safePays(
			{
				resource: 'invoice',
				operation: 'create',
				email,
				amount: 200,
				uniqueKey: '={{ $json.body.order }}',
			},
			settings,
		),
	];
	return { nodes, connections: { Webhook: ['SafePays'], Start: ['Items'], Items: ['SafePays'] } };
}

/** An active workflow that bills orders. */
export async function openShop(
	{ client, webhookUrl, sandboxUrl, credentialId }: Place,
	orders = ['order-1042'],
	settings: NodeSettings = {},
) {
	const sandbox = new SandboxClient(sandboxUrl);
	let path = randomUUID();
	const email = `${path}@example.com`;
	const { nodes, connections } = parts(email, path, orders, {
		credential: credentialId,
		...settings,
	});
	const { id } = await client.createWorkflow(workflow(nodes, connections));
	await client.activate({ id });
	return {
		id,
		/** Saves and activates the workflow with its SafePays node changed. */
		change: async (changes: Partial<NodeJson>) => {
			const saved = await client.getWorkflow(id);
			// for a moment n8n answers at an address that was there before with the nodes of before
			path = randomUUID();
			await client.updateWorkflow(id, {
				nodes: saved.nodes.map((node) => {
					if (isSafePays(node)) return { ...node, ...changes };
					return isWebhook(node) ? at(path, node) : node;
				}),
				connections: rewired(saved, changes.name),
			});
			await client.activate({ id });
		},
		/** A production execution, as the shop's order starts it; n8n answers with the invoice. */
		order: async (order = 'order-1042', at = webhookUrl) =>
			await post(`${at}/webhook/${path}`, { order }),
		/** A test execution, as the editor's button starts it. */
		test: async () => await client.runAndWait(id),
		/** How the n-th of its executions failed. */
		failure: async (nth: number) => {
			const executions = await client.waitForExecutions(id, nth);
			return getError(executions[nth - 1], 'SafePays');
		},
		/** What SafePays holds of this shop, oldest first. */
		invoices: async () => {
			const { invoices } = await sandbox.state();
			return invoices.filter((invoice) => invoice.email === email);
		},
	};
}
export type Shop = Awaited<ReturnType<typeof openShop>>;

function isSafePays({ type }: NodeJson): boolean {
	return type === 'n8n-nodes-safepays.safePays';
}

function isWebhook({ type }: NodeJson): boolean {
	return type === 'n8n-nodes-base.webhook';
}

/** The node at another path. */
function at(path: string, node: NodeJson): NodeJson {
	return { ...node, webhookId: path, parameters: { ...node.parameters, path } };
}

/** The connections of a workflow whose SafePays node has another name now. */
function rewired({ nodes, connections }: WorkflowJson, name?: string): WorkflowJson['connections'] {
	const before = nodes.find(isSafePays)?.name;
	if (name === undefined) return connections;
	const text = JSON.stringify(connections).replaceAll(JSON.stringify(before), JSON.stringify(name));
	return JSON.parse(text) as typeof connections;
}

export function sortIds(invoices: Array<{ id?: unknown }>): string[] {
	return invoices.map(({ id }) => String(id)).sort();
}

/** Orders, and expects the invoice that is there to be handed out. */
export async function expectReused(shop: Shop): Promise<void> {
	const [{ id }] = await shop.invoices();
	expect(await shop.order()).toMatchObject({ status: 200, body: { id, reused: true } });
	expect(await shop.invoices()).toHaveLength(1);
}
