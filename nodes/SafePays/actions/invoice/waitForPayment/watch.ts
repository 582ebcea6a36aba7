import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { getApiKey } from '../../../../../credentials/SafePaysApi.credentials';
import { createProcessMap } from '../../../processMemory';
import { createRedactor } from '../../../transport/redact';
import type { NodeContext, Sender } from '../../../transport/sendOnce';
import { sleepUnheld } from '../../../transport/sleepUnheld';
import { getMessage } from '../../../unknownValues';
import type { Notification } from '../../../webhooks/parse';
import { getThrottle } from '../../../webhooks/throttle';
import type { Verdict } from '../../../webhooks/verify';
import { isBehind, verify } from '../../../webhooks/verify';
import type { FinalInvoices } from './finalInvoices';

/** Milliseconds after which n8n has surely saved that the execution waits. */
const LOOK_AFTER_MS = 5_000;
/** Milliseconds for which the API is asked about what it could not say at once. */
const ASK_FOR_MS = 600_000;
/** Milliseconds between rounds of questions, the last one over and over. */
const PAUSES_MS = [2_000, 4_000, 8_000, 15_000, 30_000];
/** Milliseconds for one question, and for n8n to take a call to itself. */
const REQUEST_MS = 8_000;
/** Waiting executions that one process asks for. */
const MAX_WATCHES = 1_000;

/** A waiting execution as it is seen from outside: no code of its node runs, and no expression evaluates. */
export interface WaitingExecution {
	executionId: string;
	context: NodeContext;
	resumeUrl: string;
	final: FinalInvoices;
	getCredentials(): Promise<ICredentialDataDecryptedObject>;
}

/** By execution. */
const watches = createProcessMap<Watch>(
	MAX_WATCHES,
	'executions that wait, and about whose invoices SafePays is asked in the background',
);

/**
 * Looks once, some seconds later, for payments that were made before n8n had put the execution to
 * wait: n8n refuses their notifications. @param until when the execution goes on in any case
 */
export function lookOnceLater(execution: WaitingExecution, until: Date): void {
	if (until.getTime() - Date.now() > LOOK_AFTER_MS) startWatch(execution)?.begin(LOOK_AFTER_MS);
}

/**
 * Keeps asking about a notification that the API could not settle at once, and makes the execution
 * go on when all of its invoices are final.
 *
 * @param notification left out where it is settled, and only the other invoices are open
 * @returns false if too many executions are asked for already
 */
export function keepAsking(execution: WaitingExecution, notification?: Notification): boolean {
	const watch = findWatch(execution) ?? startWatch(execution);
	watch?.add(notification);
	watch?.begin(PAUSES_MS[0]);
	return watch !== undefined;
}

/** Whether the same notification is being asked about already. */
export function isAsking(execution: WaitingExecution, notification: Notification): boolean {
	return findWatch(execution)?.has(notification) === true;
}

function findWatch({ executionId, final }: WaitingExecution): Watch | undefined {
	const watch = watches.get(executionId);
	return watch?.isFor(final) ? watch : undefined;
}

function startWatch(execution: WaitingExecution): Watch | undefined {
	if (watches.size >= MAX_WATCHES) return undefined;
	const watch = new Watch(execution);
	watches.set(execution.executionId, watch);
	return watch;
}

/**
 * The one background task of a waiting execution. It never resumes the execution by itself: it posts
 * to the execution's own resume URL, where n8n reads the execution afresh and the node's webhook
 * verifies as ever. Gone with the process: the execution then waits for the next notification or its
 * limit.
 */
class Watch {
	/** What the API could not settle yet. */
	private readonly unsettled = new Map<string, Notification>();
	private until = Date.now() + ASK_FOR_MS;

	/** Counts what came in, so that a round which was already under way is not the last. */
	private added = 0;
	private begun = false;
	private isUnreachable = false;

	constructor(private readonly execution: WaitingExecution) {}

	isFor(final: FinalInvoices): boolean {
		return this.execution.final === final;
	}

	has(notification: Notification): boolean {
		return this.unsettled.has(nameNotification(notification));
	}

	add(notification?: Notification): void {
		if (notification) this.unsettled.set(nameNotification(notification), notification);
		this.until = Date.now() + ASK_FOR_MS;
		this.added++;
	}

	/** Runs in the background; never throws. */
	begin(firstPauseMs: number): void {
		if (this.begun) return;
		this.begun = true;
		void this.run(firstPauseMs)
			.catch((error: unknown) => this.warn(getMessage(error)))
			.finally(() => {
				if (this.isCurrent()) watches.delete(this.execution.executionId);
			});
	}

	private async run(firstPauseMs: number): Promise<void> {
		for (let round = 0, pause = firstPauseMs; ; round++) {
			await sleepUnheld(Math.max(pause, getThrottle(this.execution.context).outage.getPauseMs()));
			if (!this.isCurrent() || this.execution.final.resumed) return;
			if (await this.isDone()) return;
			if (Date.now() >= this.until) {
				const { openIds } = this.execution.final;
				this.warn(
					openIds.length > 0
						? `SafePays could not be asked in time about ${openIds.join(', ')}`
						: 'all is paid, but n8n did not take a call to its own address',
				);
				return;
			}
			pause = PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)];
		}
	}

	/** One round of questions. @returns whether there is nothing left to do */
	private async isDone(): Promise<boolean> {
		const { added, execution } = this;
		const credentials = await execution.getCredentials().catch(() => undefined);
		if (!credentials) return false;
		const redact = createRedactor(getApiKey(credentials));
		const ask = async (ids: string[]) => await this.ask(ids, { credentials, redact });
		for (const [name, notification] of this.unsettled) {
			const verdict = await ask(notification.ids);
			if (verdict.kind === 'confirmed') execution.final.note(verdict.invoice);
			if (isSettled(verdict, notification)) this.unsettled.delete(name);
		}
		const all = await execution.final.areAllFinal(async (id) => await ask([id]));
		if (all === 'yes') {
			this.unsettled.clear();
			if (!(await this.postToExecution())) return false;
		}
		return all !== 'unknown' && this.unsettled.size === 0 && added === this.added;
	}

	private async ask(ids: string[], sender: Sender): Promise<Verdict> {
		const { context } = this.execution;
		return await getThrottle(context).ask(
			async () => await verify(context, ids, REQUEST_MS, sender),
		);
	}

	/** @returns whether n8n has taken it, which it also has if the execution does not wait any more */
	private async postToExecution(): Promise<boolean> {
		const { context, final, resumeUrl } = this.execution;
		if (final.resumed || !this.isCurrent()) return true;
		try {
			const { statusCode }: { statusCode: number } = await context.helpers.httpRequest({
				method: 'POST',
				url: resumeUrl,
				body: { invoice: { id: final.ids[0] } },
				json: true,
				timeout: REQUEST_MS,
				disableFollowRedirect: true,
				ignoreHttpStatusErrors: true,
				returnFullResponse: true,
			});
			return statusCode < 500;
		} catch (error) {
			const { code = 'no answer' } = error as { code?: string };
			if (!this.isUnreachable)
				this.warn(`n8n does not reach its own address ${new URL(resumeUrl).origin} (${code})`);
			this.isUnreachable = true;
			return false;
		}
	}

	/** Not after the memory was cleared, or the execution has begun another wait. */
	private isCurrent(): boolean {
		return watches.get(this.execution.executionId) === this;
	}

	private warn(why: string): void {
		const { context, executionId } = this.execution;
		context.logger.warn(
			`The node "${context.getNode().name}" in execution ${executionId}: ${why}. The execution waits for the next notification, or for its time limit.`,
		);
	}
}

function isSettled(verdict: Verdict, notification: Notification): boolean {
	if (verdict.kind === 'unavailable' || verdict.kind === 'refused') return false;
	return !isBehind(verdict, notification);
}

function nameNotification({ ids, status }: Notification): string {
	return [...ids, status].join();
}
