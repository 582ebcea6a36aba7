import { randomUUID } from 'node:crypto';

import { ENDED } from '../harness/client';
import { eventually } from '../harness/eventually';
import type { RunningN8n } from '../harness/n8n';
import { pool } from '../harness/pool';
import { post } from '../harness/post';
import { cpuMs, untilQuiet } from './processStats';
import type { Receiver } from './receivers';
import type { SandboxProcess } from './sandboxProcess';

/** Notifications that are on their way at the same time. */
export const SENDERS = 8;

/** How n8n's expression engine is set. */
export const ENGINES = [
	{ name: "n8n's defaults", env: {} },
	{
		name: '`N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true`',
		env: { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' },
	},
];

/** Notifications that find n8n's code cold. */
export const WARM_UP = 16;

export type NotificationKind = 'genuine' | 'duplicate' | 'forged' | 'malformed';

export interface NotificationRun {
	notifications: number;
	/** Seconds until the last execution had ended. */
	seconds: number;
	/** CPU time of n8n in milliseconds, executions included. */
	cpuMs: number;
	/** How many got which status. */
	answers: Record<string, number>;
	/** Milliseconds until each was answered, shortest first. */
	answerMs: number[];
	/** Executions that n8n stored. */
	executions: number;
}

/**
 * Makes invoices that are paid, without a webhook of their own.
 *
 * @returns their IDs
 */
export async function createPaidInvoices(
	{ apiKey, control }: SandboxProcess,
	count: number,
): Promise<string[]> {
	return await pool(Array.from({ length: count }), 20, async () => {
		const { id } = await control.createInvoice(apiKey);
		await control.pay(id);
		return id;
	});
}

/** IDs for notifications of a kind that does not depend on what is in SafePays' books. */
export function madeUpIds(kind: 'forged' | 'malformed', count: number): string[] {
	return Array.from({ length: count }, (_, index) =>
		kind === 'forged' ? randomUUID() : `no-uuid-${index}`,
	);
}

/**
 * Posts all notifications in one moment, each of another payment, and waits until each answered 200
 * has its execution, ended: a starved n8n may look quiet long before that.
 */
export async function sendBurst(
	n8n: RunningN8n,
	receiver: Receiver,
	ids: string[],
): Promise<NotificationRun> {
	const { workflowId } = receiver;
	const before = await countExecutions(n8n, workflowId);
	const startedAt = Date.now();
	const run = await sendNotifications(n8n, receiver, ids, ids.length);
	const ended = async () => (await countExecutions(n8n, workflowId, ENDED)) - before;
	const alreadyEnded = (await ended()) >= (run.answers['200'] ?? 0);
	if (alreadyEnded) return { ...run, executions: await ended() };
	await eventually(
		'the executions of a burst',
		async () => (await ended()) >= (run.answers['200'] ?? 0) || undefined,
		180_000,
	);
	return { ...run, seconds: (Date.now() - startedAt) / 1000, executions: await ended() };
}

/**
 * Posts a notification for each ID, and waits until n8n has done all that follows.
 *
 * @param senders notifications that are on their way at the same time
 */
export async function sendNotifications(
	n8n: RunningN8n,
	{ workflowId, url }: Receiver,
	ids: string[],
	senders = SENDERS,
): Promise<NotificationRun> {
	const executionsBefore = await countExecutions(n8n, workflowId);
	const answers: Record<string, number> = {};
	const answerMs: number[] = [];
	await untilQuiet(n8n.pid);
	const cpuBefore = cpuMs(n8n.pid);
	const startedAt = Date.now();
	await pool(ids, senders, async (id) => {
		const sentAt = performance.now();
		const { status } = await post(url, { invoice: { id, status: 'Paid' } });
		answerMs.push(performance.now() - sentAt);
		answers[status] = (answers[status] ?? 0) + 1;
	});
	const after = await untilQuiet(n8n.pid);
	return {
		notifications: ids.length,
		seconds: (after.since - startedAt) / 1000,
		cpuMs: after.cpuMs - cpuBefore,
		answers,
		answerMs: answerMs.sort((a, b) => a - b),
		executions: (await countExecutions(n8n, workflowId)) - executionsBefore,
	};
}

async function countExecutions(
	n8n: RunningN8n,
	workflowId: string,
	status?: string[],
): Promise<number> {
	const query = new URLSearchParams({ filter: JSON.stringify({ workflowId, status }), limit: '1' });
	const { count } = await n8n.rest.get<{ count: number }>(`/executions?${query.toString()}`);
	return count;
}

export const measureCpuEach = ({ cpuMs: used, notifications }: NotificationRun) =>
	used / notifications;

export const describeAnswers = ({ answers }: NotificationRun) =>
	Object.entries(answers)
		.map(([status, count]) => `${count} × ${status}`)
		.join(', ');
