import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';

import { clearProcessMemory } from '../../../../nodes/SafePays/processMemory';
import type { InvoiceStatus, RecordedRequest, Sandbox, SandboxOptions } from '../../../../sandbox';
import type { World } from '../../../engine';
import { N8n } from '../../../engine/n8n';
import { triggerWorkflow } from '../../../engine/workflows';
import { createWorld } from '../../../support';
import { closeAll, createInvoice, sandboxWith } from '../../../sandbox/helpers';

export const RECEIVED = { received: true };
export const PENDING = { received: true, pending: true };
export const DUPLICATE = { received: true, duplicate: true };

export interface Stage {
	sandbox: Sandbox;
	n8n: N8n;
}

const open: N8n[] = [];

/** A SafePays and an n8n with a credential for it; `clear` ends both. */
export async function stage(
	options: SandboxOptions = {},
	world: Partial<World> = {},
): Promise<Stage> {
	const sandbox = await sandboxWith(options);
	const credentials = { apiKey: sandbox.apiKey, defaultWebhookUrl: '', ...world.credentials };
	const n8n = await N8n.start(createWorld(sandbox, { ...world, credentials }));
	open.push(n8n);
	return { sandbox, n8n };
}

/** A stage with an active workflow that the trigger starts. */
export async function active(
	parameters: INodeParameters = {},
	settings: Partial<INode> = {},
	...options: Parameters<typeof stage>
): Promise<Stage & { url: string }> {
	const { sandbox, n8n } = await stage(...options);
	const workflow = triggerWorkflow(parameters);
	Object.assign(workflow.nodes[0], settings);
	return { sandbox, n8n, url: n8n.activate(workflow) };
}

/** The same, and a new invoice with this status. */
export async function activeWith(
	status: InvoiceStatus,
	...options: Parameters<typeof active>
): Promise<Stage & { url: string; id: string }> {
	const world = await active(...options);
	return { ...world, id: await invoiceThatIs(world.sandbox, status) };
}

/** The items that got past the trigger, in all executions, once these have ended. */
export async function passedOn(n8n: N8n): Promise<IDataObject[]> {
	await n8n.idle();
	return n8n.executions.flatMap((execution) => n8n.getItems(execution, 'After'));
}

export async function clear(): Promise<void> {
	const ending = open.splice(0);
	try {
		await Promise.all(ending.map(async (n8n) => await n8n.idle()));
	} finally {
		await Promise.all(ending.map(async (n8n) => await n8n.close()));
		await closeAll();
		clearProcessMemory();
	}
}

/** @returns the id of a new invoice with this status */
export async function invoiceThatIs(
	sandbox: Sandbox,
	status: InvoiceStatus,
	fields: object = {},
): Promise<string> {
	const { id } = await createInvoice(sandbox, { ...fields });
	sandbox.setStatus(id, status);
	return id;
}

/** One after the other, so that they do not count as requests at the same moment. */
export async function invoicesThatAre(
	sandbox: Sandbox,
	status: InvoiceStatus,
	count: number,
): Promise<string[]> {
	const ids: string[] = [];
	while (ids.length < count) ids.push(await invoiceThatIs(sandbox, status));
	return ids;
}

/** The API requests for an invoice, or for any. */
export function asked({ requests }: Sandbox, invoiceId = ''): RecordedRequest[] {
	return requests.filter(({ method, path }) => method === 'GET' && path.endsWith(invoiceId));
}

/**
 * Lets time pass 50 times as fast, for the nodes, the engine and the sandbox alike, until something
 * has happened. Requests take their real time.
 */
export async function hurry<T>(work: Promise<T>): Promise<T> {
	let over = false;
	void work.catch(() => undefined).then(() => (over = true));
	while (!over) {
		await new Promise((resolve) => realSetTimeout(resolve, 4));
		// A test that has timed out leaves real time behind.
		if (setTimeout !== realSetTimeout) jest.advanceTimersByTime(200);
	}
	return await work;
}

const realSetTimeout = setTimeout;

/** Takes the clock away from real time, for `hurry`; `afterEach(() => jest.useRealTimers())` gives it back. */
export function useFastClock(): void {
	jest.useFakeTimers({
		advanceTimers: true,
		doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'],
	});
}

/** Numbers from 0, in an order that is the same for the same seed. */
export function shuffled(count: number, seed: number): number[] {
	let state = seed;
	const random = () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
	const numbers = Array.from({ length: count }, (_, index) => index);
	for (let last = count - 1; last > 0; last--) {
		const other = Math.floor(random() * (last + 1));
		[numbers[last], numbers[other]] = [numbers[other], numbers[last]];
	}
	return numbers;
}
