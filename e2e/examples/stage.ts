import { randomUUID } from 'node:crypto';

import { getItems, type Execution, type StoredCredential } from '../../tools/harness/client';
import { importExample, readExamples, type Example } from '../../tools/harness/examples';
import type { NodeJson } from '../../tools/harness/workflow';
import { getWorld, type World } from '../world';

/** An example in n8n, with the sandbox's credential chosen; not active. */
export interface Stage extends World {
	/** Of the imported workflow. */
	id: string;
	/** Where the example's form is, once it is active. */
	formUrl: string;
	/** Runs it from the trigger of that name, or from its manual trigger. */
	run(trigger?: string): Promise<Execution>;
	/** Changes a node's parameters, as its user would. */
	change(node: string, parameters: Record<string, unknown>): Promise<void>;
	/** Has the switch that counts days or hours count none: what is due after `from` of them is due at once. */
	makeDue(node: string, from: number): Promise<void>;
	invoices(): Promise<Array<{ id: string; email: string; baseAmount: number }>>;
}

/** @param name of the example's file, without its number */
export async function stage(name: string): Promise<Stage> {
	const world = await getWorld();
	const { client, sandbox } = world;
	await sandbox.reset();
	const example = findExample(name);
	// one of its own, beside what other tests have imported; a test that needs it active sees to that
	const own = { ...example, id: randomUUID(), active: false };
	const id = await importExample(client, own, await sandboxCredential(world));
	const change = async (changed: string, parameters: Record<string, unknown>) => {
		const { nodes } = await client.getWorkflow(id);
		await client.updateWorkflow(id, {
			nodes: nodes.map((node) =>
				node.name === changed
					? { ...node, parameters: { ...node.parameters, ...parameters } }
					: node,
			),
		});
	};
	return {
		...world,
		id,
		formUrl: `${world.webhookUrl}/form/${example.nodes.find(isFormTrigger)?.webhookId}`,
		run: async (trigger = "When clicking 'Execute workflow'") =>
			await client.runAndWait(id, { trigger }),
		change,
		makeDue: async (node, from) => {
			const { nodes } = await client.getWorkflow(id);
			const text = JSON.stringify(nodes.find(({ name }) => name === node)?.parameters.rules);
			expect(text).toContain(`"rightValue":${from}`);
			const rules = text.replace(`"rightValue":${from}`, '"rightValue":0');
			await change(node, { rules: JSON.parse(rules) as object });
		},
		invoices: async () => (await sandbox.state()).invoices,
	};
}

export function findExample(name: string): Example {
	const example = readExamples().find(({ id }) => id === name);
	if (!example) throw new Error(`There is no example "${name}"`);
	return example;
}

async function sandboxCredential({ client, credentialId }: World): Promise<StoredCredential> {
	const credential = (await client.listCredentials()).find(({ id }) => id === credentialId);
	return credential as StoredCredential;
}

function isFormTrigger({ type }: NodeJson): boolean {
	return type === 'n8n-nodes-base.formTrigger';
}

/** Whom the items are about that a node put out. */
export function getEmails(execution: Execution, node: string): unknown[] {
	return getItems(execution, node).map(({ email }) => email);
}
