import { randomUUID } from 'node:crypto';

import type { RunningN8n } from '../harness/n8n';
import { getItems } from '../harness/client';
import { post } from '../harness/post';
import { listWorkflow, node, safePays, type NodeJson } from '../harness/workflow';
import { cpuMs, memory, peakMemory, resetPeakMemory, untilQuiet } from './processStats';
import type { SandboxProcess } from './sandboxProcess';

/** Name of the node that is measured. */
const MEASURED = 'Create invoices';

/** Requests that our node has in flight unless told otherwise. */
export const DEFAULT_IN_FLIGHT = 10;
/** Items created before anything is measured. */
export const WARM_UP_ITEMS = 20;
/** The most requests that our node may have in flight. */
export const MOST_IN_FLIGHT = 100;

/** What is created at once. */
export interface Load {
	/** In all, shared out evenly. */
	items: number;
	/** That start at the same moment; one unless given. */
	executions?: number;
}

/** An active workflow that turns each element of a posted list into an item and does something with it. */
export interface CreateWorkflow {
	id: string;
	path: string;
}

export interface CreateRun {
	items: number;
	/** Seconds from posting the lists until n8n said that the last execution has ended. */
	wallSeconds: number;
	/** CPU time of n8n in milliseconds, until the execution was saved. */
	cpuMs: number;
	/** The most memory that n8n held, and what it held before, in bytes. */
	peakMemory: number;
	memoryBefore: number;
	/** API requests that reached the sandbox, and those of them that it refused with 429. */
	requests: number;
	refused: number;
	/** The most API requests that were in flight at once. */
	inFlight: number;
	/** Invoices in the sandbox's books; e-mail addresses with more than one of them. */
	created: number;
	doubled: number;
	/** Items with an invoice that came out of the node. */
	reported: number;
	/** How the executions ended, each way once, and the first error of the node. */
	status: string;
	error?: string;
}

/** Our node, with options such as `{maxConcurrency: 64}` and more parameters. */
export function ourNode(credential: string, options: object = {}, more: object = {}): NodeJson {
	const parameters = { email: '={{ $json.email }}', amount: '={{ $json.amount }}', options };
	return safePays({ ...parameters, ...more }, { credential, name: MEASURED });
}

/** n8n's HTTP Request node doing the same with the same credential. */
export function httpRequestNode(credential: string, url: string): NodeJson {
	return node(
		'n8n-nodes-base.httpRequest',
		MEASURED,
		{
			method: 'POST',
			url: `${url}/api/v2/invoice`,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: 'safePaysApi',
			sendBody: true,
			bodyParameters: {
				parameters: [
					{ name: 'email', value: '={{ $json.email }}' },
					{ name: 'amount', value: '={{ $json.amount }}' },
				],
			},
			options: {},
		},
		{ credential, typeVersion: 4.5 },
	);
}

/** Does nothing: what the workflow costs by itself. */
export function noNode(): NodeJson {
	return node('n8n-nodes-base.noOp', MEASURED);
}

/**
 * Stores and activates a workflow around a node. It is started by a webhook, as a workflow in
 * production is, so that no editor is kept informed of each step.
 */
export async function createWorkflow(n8n: RunningN8n, measured: NodeJson): Promise<CreateWorkflow> {
	const path = randomUUID();
	const stored = await n8n.rest.createWorkflow(listWorkflow(path, [measured]));
	await n8n.rest.activate(stored);
	return { id: stored.id, path };
}

/** Runs counted so far: no two have a key in common. */
let runs = 0;

/** Runs the workflow; the sandbox starts from empty books. Each item has a `key` that no other item ever had. */
export async function runCreates(
	n8n: RunningN8n,
	sandbox: SandboxProcess,
	{ id, path }: CreateWorkflow,
	{ items, executions = 1 }: Load,
): Promise<CreateRun> {
	await sandbox.control.reset();
	const run = ++runs;
	const list = Array.from({ length: items }, (_, index) => ({
		email: `buyer-${index}@example.com`,
		amount: index + 1,
		key: `run-${run}-order-${index}`,
	}));
	const each = items / executions;
	const bodies = Array.from({ length: executions }, (_, index) => ({
		items: list.slice(index * each, (index + 1) * each),
	}));

	const before = await untilQuiet(n8n.pid);
	resetPeakMemory(n8n.pid);
	const memoryBefore = memory(n8n.pid);
	const cpuBefore = cpuMs(n8n.pid);
	const startedAt = performance.now();
	await Promise.all(bodies.map(async (body) => await post(`${n8n.url}/webhook/${path}`, body)));
	const wallSeconds = (performance.now() - startedAt) / 1000;
	const after = await untilQuiet(n8n.pid);
	const peak = peakMemory(n8n.pid);

	const { requests, invoices } = await sandbox.control.state();
	const emails = new Set(invoices.map(({ email }) => email));
	const newest = (await n8n.rest.listExecutions({ workflowId: id })).slice(0, executions);
	const ended = await Promise.all(
		newest.map(async (summary) => await n8n.rest.waitForExecution(summary.id)),
	);
	const output = ended.flatMap((execution) => getItems(execution, MEASURED));
	const errors = ended.flatMap(({ data }) => data.resultData.error ?? []);
	return {
		items,
		wallSeconds,
		cpuMs: after.cpuMs - Math.max(cpuBefore, before.cpuMs),
		peakMemory: peak,
		memoryBefore,
		requests: requests.total,
		refused: requests.byStatus['429'] ?? 0,
		inFlight: requests.peakInFlight,
		created: invoices.length,
		doubled: invoices.length - emails.size,
		reported: output.filter((json) => findId(json) !== undefined).length,
		status: [...new Set(ended.map(({ status }) => status))].join(', '),
		error: errors[0]?.message,
	};
}

/** Our node puts out the invoice; the HTTP Request node SafePays' whole answer. */
function findId(json: object): unknown {
	const { id, invoice } = json as { id?: unknown; invoice?: { id?: unknown } };
	return invoice?.id ?? id;
}
