import type { Cleanup } from '../harness/cleanup';
import { ENDED } from '../harness/client';
import { startOwnN8n } from '../harness/ownN8n';
import { eventually } from '../harness/eventually';
import type { Audit } from './books';
import { audit, Executions } from './books';
import { createHeapMeter, HEAP_OPTIONS } from './heap';
import type { Asked } from './traffic';
import { letThingsGoWrong, Traffic } from './traffic';
import { activateAll, n8nsOwn, ours } from './workflows';

/** Slices without which nothing can be said of memory. */
const LEAST_SLICES = 12;
/** n8n looks every minute which waits are over. */
const SHORT_WAITS_OVER_MS = 180_000;

interface SoakOptions {
	/** How long there is traffic, at least, and how many slices of it; not less than it takes to judge memory. */
	minutes?: number;
	slices?: number;
	/** Same seed, same choices and faults. */
	seed: number;
	/** Traffic to n8n's own nodes instead of the package's, as a control. */
	control?: boolean;
	cleanup: Cleanup;
	/** Says what is being done. */
	step: (doing: string) => void;
}

export interface Soak {
	/** n8n's heap in bytes, after each slice of equal work. */
	heaps: number[];
	seconds: number;
	asked: Asked;
	executions: number;
	/** Requests that SafePays got, by the status of the answer. */
	answers: Record<string, number>;
	/** Nothing for a control, which promises nothing. */
	audit?: Audit;
}

/** Lets an n8n of its own work under mixed traffic and faults for a while, and looks what became of it. */
export async function soak(options: SoakOptions): Promise<Soak> {
	const { minutes = 0, slices = LEAST_SLICES, seed, control = false, cleanup, step } = options;
	const name = control ? 'control' : 'soak';
	step(`${name}: starting n8n`);
	const { client, sandbox, credentialId, n8n } = await startOwnN8n(name, {
		sandbox: {
			seed,
			latencyMs: [0, 20],
			notificationRetries: 8,
			notificationTimeoutMs: 30_000,
		},
		nodeOptions: HEAP_OPTIONS,
		cleanup,
	});
	const workflows = await activateAll(
		client,
		(control ? n8nsOwn : ours)(credentialId, sandbox.url),
	);
	const executions = new Executions(client, workflows);
	const payable = async (emails: string[], workflowId: string) => {
		const { text } = await eventually(
			`the execution for ${emails.join()}`,
			async () => await executions.settled(workflowId, emails),
			120_000,
		);
		// n8n's Wait node has gone on when it was first called
		if (control) return [];
		const invoices = [...sandbox.books.invoices.values()].filter(({ email }) =>
			emails.includes(email),
		);
		return invoices.filter(({ id }) => text.includes(id)).map(({ id }) => id);
	};
	const traffic = new Traffic(sandbox, workflows, payable, seed);
	const measure = createHeapMeter(n8n);

	letThingsGoWrong(sandbox);
	const heaps: number[] = [];
	const startedAt = Date.now();
	while (heaps.length < slices || Date.now() - startedAt < minutes * 60_000) {
		step(`${name}: slice ${heaps.length + 1}`);
		await traffic.slice();
		await executions.readNew();
		heaps.push(await measure());
	}
	const seconds = (Date.now() - startedAt) / 1000;

	step(`${name}: waiting for the last to end`);
	sandbox.clearFaults();
	await executions.readNew();
	await eventually(
		'all executions to end that do',
		async () => {
			await executions.readOpen();
			const open = executions
				.all()
				.filter(
					({ kind, status }) =>
						!ENDED.includes(status) && !(kind === 'wait' && status === 'waiting'),
				);
			return open.length === 0 || undefined;
		},
		SHORT_WAITS_OVER_MS,
	);
	const answers: Record<string, number> = {};
	for (const { status } of sandbox.requests) {
		const answer = status === null ? 'none' : String(status);
		answers[answer] = (answers[answer] ?? 0) + 1;
	}
	return {
		heaps,
		seconds,
		asked: traffic.asked,
		executions: executions.all().length,
		answers,
		...(!control && { audit: audit(sandbox, traffic.asked, executions) }),
	};
}
