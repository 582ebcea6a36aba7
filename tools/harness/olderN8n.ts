import { N8nError, type Execution, type N8nClient, type StoredWorkflow } from './client';
import { readN8nVersion } from './node';
import { n8nDir } from './paths';

/**
 * Activates the version of a workflow that was saved last. n8n 1 runs error workflows and sub-workflows
 * as they are saved, and refuses to activate them.
 */
export async function activate(client: N8nClient, workflow: StoredWorkflow): Promise<void> {
	const { id, versionId } = workflow;
	try {
		await client.post(`/workflows/${id}/activate`, { versionId });
	} catch (error) {
		if (!(error instanceof N8nError && error.message.includes('has no node to start'))) throw error;
	}
}

/**
 * An execution, or undefined for the moment in which its status is saved and its data is not: n8n 1
 * hands it out without data then, or with those that it waited with; n8n 2.20, say, answers with an
 * error.
 */
export async function unlessNotSavedYet(
	execution: Promise<Execution>,
): Promise<Execution | undefined> {
	try {
		const saved = await execution;
		const left = saved.data?.executionData?.nodeExecutionStack ?? [];
		const isStale = saved.status === 'success' && left.length > 0;
		return saved.data === undefined || isStale ? undefined : saved;
	} catch (error) {
		if (error instanceof N8nError && error.message.includes("reading 'resultData'"))
			return undefined;
		throw error;
	}
}

/** Whether the n8n that is driven is older than a version such as "2.14.0": for what n8n itself does otherwise. */
export function n8nIsBefore(version: string): boolean {
	return readN8nVersion(n8nDir).localeCompare(version, 'en', { numeric: true }) < 0;
}
