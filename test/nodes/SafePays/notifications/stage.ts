import type { InvoiceStatus, RecordedRequest, Sandbox, SandboxOptions } from '../../../../sandbox';
import type { World } from '../../../engine';
import { N8n } from '../../../engine/webhook';
import { closeAll, createInvoice, sandboxWith } from '../../../sandbox/helpers';

export interface Stage {
	sandbox: Sandbox;
	n8n: N8n;
}

const open: N8n[] = [];
let stages = 0;

/** A SafePays and an n8n with a credential for it; `clear` ends both. */
export async function stage(options: SandboxOptions = {}, world: Partial<World> = {}): Promise<Stage> {
	const sandbox = await sandboxWith(options);
	const n8n = await N8n.start({
		credentials: { apiKey: sandbox.apiKey, baseUrl: sandbox.url, defaultWebhookUrl: '' },
		// The nodes remember by workflow, and the tests of a file share one process.
		workflowId: `workflow-${++stages}`,
		...world,
	});
	open.push(n8n);
	return { sandbox, n8n };
}

export async function clear(): Promise<void> {
	const ending = open.splice(0);
	try {
		await Promise.all(ending.map(async (n8n) => await n8n.idle()));
	} finally {
		await Promise.all(ending.map(async (n8n) => await n8n.close()));
		await closeAll();
	}
}

/** @returns the id of a new invoice with this status */
export async function invoiceThatIs(sandbox: Sandbox, status: InvoiceStatus, fields: object = {}): Promise<string> {
	const { id } = await createInvoice(sandbox, { ...fields });
	sandbox.setStatus(id, status);
	return id;
}

/** One after the other, so that they do not count as requests at the same moment. */
export async function invoicesThatAre(sandbox: Sandbox, status: InvoiceStatus, count: number): Promise<string[]> {
	const ids: string[] = [];
	while (ids.length < count) ids.push(await invoiceThatIs(sandbox, status));
	return ids;
}

/** The API requests for an invoice, or for any. */
export function asked({ requests }: Sandbox, invoiceId = ''): RecordedRequest[] {
	return requests.filter(({ method, path }) => method === 'GET' && path.endsWith(invoiceId));
}

/** Resolves as soon as something is so. */
export async function until(isSo: () => boolean): Promise<void> {
	while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
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
