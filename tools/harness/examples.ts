import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { N8nClient, StoredCredential } from './client';
import { projectDir } from './paths';
import type { NodeJson, WorkflowJson } from './workflow';

/** Where the examples' triggers listen, and where a credential leads by itself. */
export const TRIGGER_PATH = 'safepays';

export interface Example extends WorkflowJson {
	/** The same at every start, so that a workflow that was renamed is not imported again. */
	id: string;
}

/** The workflows in `examples/`, in the order of their numbers. */
export function readExamples(): Example[] {
	const dir = join(projectDir, 'examples');
	return readdirSync(dir)
		.sort((one, other) => parseInt(one) - parseInt(other))
		.map((file) => {
			const workflow = JSON.parse(readFileSync(join(dir, file), 'utf8')) as WorkflowJson;
			const name = basename(file, '.json').replace(/^\d+-/, '');
			return { ...workflow, id: workflow.id ?? name.slice(0, 36) };
		});
}

/**
 * Imports an example with this credential in it; it is not published.
 *
 * @returns its ID: that of the example, which n8n 1 does not keep
 */
export async function importExample(
	client: N8nClient,
	example: Example,
	credential: StoredCredential,
): Promise<string> {
	const { id } = await client.createWorkflow({
		...example,
		nodes: example.nodes.map((node) => withCredential(node, credential)),
		// with none, n8n's editor cannot run a second step of it
		pinData: {},
	});
	return id;
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
