import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { N8nClient, StoredCredential } from './client';
import { Failure, messageOf } from './failure';
import { projectDir } from './paths';
import { triggerPath, type NodeJson, type WorkflowJson } from './workflow';

const TRIGGER = 'n8n-nodes-safepays.safePaysTrigger';

export interface Example extends WorkflowJson {
	/** The same at every start, so that a workflow that was renamed is not imported again. */
	id: string;
}

/** The workflows in `examples/`, in the order of their file names. Throws a `Failure` for a broken one. */
export function readExamples(): Example[] {
	const dir = join(projectDir, 'examples');
	if (!existsSync(dir)) return [];
	return readdirSync(dir)
		.filter((file) => file.endsWith('.json'))
		.sort()
		.map((file) => {
			try {
				const workflow = JSON.parse(readFileSync(join(dir, file), 'utf8')) as WorkflowJson;
				const nameOnly = basename(file, '.json').replace(/^\d+-/, '');
				return { ...workflow, id: workflow.id ?? nameOnly.slice(0, 36) };
			} catch (error) {
				throw new Failure(`examples/${file} is not a workflow: ${messageOf(error)}`);
			}
		});
}

/** The production URL of the first SafePays trigger among the examples that are meant to be active. */
export function triggerUrl(n8nUrl: string, examples: WorkflowJson[]): string | undefined {
	const trigger = examples
		.filter(({ active }) => active)
		.flatMap(({ nodes }) => nodes)
		.find(({ type }) => type === TRIGGER);
	return trigger && `${n8nUrl}/webhook/${triggerPath(trigger)}`;
}

/** Imports an example with this credential in it, and activates it if its file says so. */
export async function importExample(
	client: N8nClient,
	example: Example,
	credential: StoredCredential,
): Promise<void> {
	const stored = await client.createWorkflow({
		...example,
		nodes: example.nodes.map((node) => withCredential(node, credential)),
	});
	if (example.active) await client.activate(stored);
}

function withCredential(node: NodeJson, { id, name }: StoredCredential): NodeJson {
	const needsIt =
		node.type.startsWith('n8n-nodes-safepays.') ||
		node.parameters.nodeCredentialType === 'safePaysApi' ||
		node.credentials?.safePaysApi !== undefined;
	return needsIt
		? { ...node, credentials: { ...node.credentials, safePaysApi: { id, name } } }
		: node;
}
