import { randomUUID } from 'node:crypto';

import type { RunningN8n } from '../e2e/harness/n8n';
import { cpuMs, untilQuiet } from './processStats';
import type { Receiver } from './receivers';
import type { SandboxProcess } from './sandboxProcess';

/** Notifications that are on their way at the same time. */
export const SENDERS = 8;

export type NotificationKind = 'genuine' | 'duplicate' | 'forged' | 'malformed';

export interface NotificationRun {
	notifications: number;
	/** Seconds until the last execution had ended. */
	seconds: number;
	/** CPU time of n8n in milliseconds, executions included. */
	cpuMs: number;
	/** How many got which status. */
	answers: Record<string, number>;
	/** Executions that n8n stored. */
	executions: number;
}

/**
 * Makes invoices that are paid, without a webhook of their own.
 *
 * @returns their IDs
 */
export async function paidInvoices(
	{ url, apiKey, control }: SandboxProcess,
	count: number,
): Promise<string[]> {
	const ids: string[] = [];
	for (let index = 0; index < count; index++) {
		const response = await fetch(`${url}/api/v2/invoice`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ api_key: apiKey, email: 'john@example.com', amount: 200 }),
		});
		const { invoice } = (await response.json()) as { invoice: { id: string } };
		await control.pay(invoice.id);
		ids.push(invoice.id);
	}
	return ids;
}

/** IDs for notifications of a kind that does not depend on what is in SafePays' books. */
export function madeUpIds(kind: 'forged' | 'malformed', count: number): string[] {
	return Array.from({ length: count }, (_, index) =>
		kind === 'forged' ? randomUUID() : `no-uuid-${index}`,
	);
}

/** Posts a notification for each ID, by several senders, and waits until n8n has done all that follows. */
export async function sendNotifications(
	n8n: RunningN8n,
	{ workflowId, url }: Receiver,
	ids: string[],
): Promise<NotificationRun> {
	const executionsBefore = await countExecutions(n8n, workflowId);
	const answers: Record<string, number> = {};
	await untilQuiet(n8n.pid);
	const cpuBefore = cpuMs(n8n.pid);
	const startedAt = Date.now();
	const open = [...ids];
	const sender = async () => {
		for (let id = open.shift(); id !== undefined; id = open.shift()) {
			const response = await fetch(url, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ invoice: { id, status: 'Paid' } }),
			});
			await response.arrayBuffer();
			answers[response.status] = (answers[response.status] ?? 0) + 1;
		}
	};
	await Promise.all(Array.from({ length: SENDERS }, sender));
	const after = await untilQuiet(n8n.pid);
	return {
		notifications: ids.length,
		seconds: (after.since - startedAt) / 1000,
		cpuMs: after.cpuMs - cpuBefore,
		answers,
		executions: (await countExecutions(n8n, workflowId)) - executionsBefore,
	};
}

async function countExecutions(n8n: RunningN8n, workflowId: string): Promise<number> {
	const query = new URLSearchParams({ filter: JSON.stringify({ workflowId }), limit: '1' });
	const { count } = await n8n.rest.get<{ count: number }>(`/executions?${query.toString()}`);
	return count;
}
