import type { IDataObject } from 'n8n-workflow';

import { clearProcessMemory } from '../../nodes/SafePays/processMemory';
import type { Fault, Sandbox, SandboxOptions } from '../../sandbox';
import { startSandbox } from '../../sandbox';
import type { Executed, World } from '../engine';
import { execute } from '../engine';
import { createInvoices } from '../engine/workflows';
import { prepared } from './prepared';

export const API_KEY = 'sk-secret-0123456789';

/** Finds no record. */
export const UNKNOWN_ID = '00000000-0000-4000-8000-000000000001';

/** A sandbox for all tests of a file, empty before each of them, as is what the nodes remember. */
export function useSandbox(options: SandboxOptions = {}): Sandbox {
	const sandbox = prepared(async () => await startSandbox({ apiKeys: [API_KEY], ...options }));
	beforeEach(() => {
		sandbox.reset();
		clearProcessMemory();
	});
	afterAll(async () => await sandbox.close());
	return sandbox;
}

let worlds = 0;

/** An n8n whose credential leads to the sandbox. Each has a workflow of its own, which shares no memory with others. */
export function createWorld(sandbox: Sandbox, more: Partial<World> = {}): World {
	return {
		workflowId: `workflow-${++worlds}`,
		...more,
		credentials: { apiKey: API_KEY, baseUrl: sandbox.url, ...more.credentials },
	};
}

/** Creates an invoice for each item, in a workflow of its own. */
export const runCreates = async (
	sandbox: Sandbox,
	items: IDataObject[],
	...node: Parameters<typeof createInvoices>
) => await execute(createWorld(sandbox), createInvoices(...node), { items });

/** Items for `createInvoices`: amount and email address tell each of them from the others. */
export function bills(count: number): Array<{ email: string; amount: number }> {
	return Array.from({ length: count }, (_, index) => ({
		email: `payer${index}@example.com`,
		amount: 100 + index,
	}));
}

/** What the API was asked: `POST /api/v2/invoice`. */
export const asked = (sandbox: Sandbox) =>
	sandbox.requests.map(({ method, path }) => `${method} ${path}`);

export const sentBodies = (sandbox: Sandbox) =>
	sandbox.requests.map(({ body }) => body as IDataObject);

/** The email addresses of the invoices in the books, in the order of their creation. */
export const billed = (sandbox: Sandbox) =>
	[...sandbox.books.invoices.values()].map(({ email }) => email);

/** Lets the first requests through and then makes one (or all that follow) go wrong. */
export function faultAfter(sandbox: Sandbox, passed: number, fault: Fault): void {
	if (passed > 0) sandbox.addFault({ kind: 'slow', ms: 0, times: passed });
	sandbox.addFault(fault);
}

export const ids = (items: IDataObject[]) => items.map(({ id }) => id);

/** All that a person gets to read of a thrown error. */
export const words = ({ error }: Executed) => `${error?.message}\n${error?.description}`;

export function seedFromEnv(name: string, fallback: number): number {
	const given = Number(process.env[name]);
	return Number.isInteger(given) && process.env[name] ? given : fallback;
}

/** Resolves as soon as a condition holds that no event tells of. */
export async function until(condition: () => boolean): Promise<void> {
	const end = performance.now() + 20_000;
	while (!condition()) {
		if (performance.now() > end)
			throw new Error(`Not so after 20 seconds: ${condition.toString()}`);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
