import type { ICredentialDataDecryptedObject, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError, sleep } from 'n8n-workflow';

import type { Unconfirmed } from './errors';
import { cancelledError, rateLimitError, requestError } from './errors';
import type { WaitBudget } from './rateLimit';
import { RateLimit, RateLimitSpent } from './rateLimit';
import type { Redact } from './redact';
import { redactor } from './redact';
import type { Outcome, SafePaysRequest } from './request';
import { sendOnce } from './request';
import { kindOf, MAX_RETRIES, pauseBefore, RULES } from './retryRules';

export interface ClientOptions {
	/** Seconds for one request. */
	timeout: number;
	/** Seconds that one item may spend waiting for the rate limit. */
	rateLimitWait: number;
	/** Treat a create whose outcome is unknown like a read: send it again. */
	resendUnconfirmed: boolean;
}

/** SafePays as one run of the node talks to it: one credential, one rate limit, one set of retry rules. */
export class SafePaysClient {
	readonly redact: Redact;

	private readonly rateLimit = new RateLimit();

	private readonly cancelSignal?: AbortSignal;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly credentials: ICredentialDataDecryptedObject,
		readonly options: ClientOptions,
	) {
		this.redact = redactor(String(credentials.apiKey ?? ''));
		this.cancelSignal = context.getExecutionCancelSignal();
	}

	get cancelled(): boolean {
		return this.cancelSignal?.aborted === true;
	}

	/** Seconds that the run stood still for the rate limit. */
	get waitedSeconds(): number {
		return Math.round(this.rateLimit.waitedMs / 1000);
	}

	/**
	 * Sends a request until it succeeds or `RULES` say that it may not be sent (again).
	 *
	 * @param onSend called each time that the request is about to be sent
	 * @returns SafePays' answer, e.g. `{status, message, invoice}`
	 * @throws NodeApiError with SafePays' words and a next step; `isUnconfirmed` tells whether a
	 * create may have happened all the same
	 */
	async send(
		request: SafePaysRequest,
		itemIndex: number,
		onSend?: (at: Date) => void,
	): Promise<IDataObject> {
		const budget: WaitBudget = { leftMs: this.options.rateLimitWait * 1000 };
		// Once an attempt may have happened, no later one can take that back.
		let unconfirmed: Unconfirmed | undefined;
		for (let retries = 0; ; ) {
			await this.turn(request, itemIndex, budget, unconfirmed);
			const sentAt = new Date();
			onSend?.(sentAt);
			const outcome = await this.sendNow(request);
			const kind = kindOf(outcome, request.record);
			let rule = RULES[kind][request.method];
			if (rule === 'done' && 'answer' in outcome) return outcome.answer.body as IDataObject;
			if (rule === 'wait') continue;
			if (rule === 'unconfirmed') {
				unconfirmed ??= { what: request.summary, sent: `at ${this.localTime(sentAt)}` };
				if (this.options.resendUnconfirmed) rule = 'retry';
			}
			if (rule === 'retry' && retries < MAX_RETRIES && !this.cancelled) {
				await sleep(pauseBefore(++retries));
				continue;
			}
			throw requestError(
				this.context.getNode(),
				itemIndex,
				kind,
				outcome,
				request,
				this.redact,
				unconfirmed,
			);
		}
	}

	/** A moment as the user's clock shows it, e.g. `2026-11-21 12:03:04 (Europe/Berlin)`. */
	localTime(date: Date): string {
		const timeZone = this.context.getTimezone();
		return `${date.toLocaleString('sv-SE', { timeZone })} (${timeZone})`;
	}

	/** Resolves when the request may be sent. */
	private async turn(
		request: SafePaysRequest,
		itemIndex: number,
		budget: WaitBudget,
		unconfirmed?: Unconfirmed,
	): Promise<void> {
		const node = this.context.getNode();
		try {
			await this.rateLimit.turn(budget, () => this.cancelled);
		} catch (error) {
			if (!(error instanceof RateLimitSpent)) {
				throw new NodeOperationError(node, error as Error, { itemIndex });
			}
			const { pauseMs } = error;
			throw rateLimitError(node, itemIndex, pauseMs, this.options.rateLimitWait, request, this.redact, unconfirmed);
		}
		if (this.cancelled) {
			this.rateLimit.done();
			throw cancelledError(node, itemIndex, request, this.redact, unconfirmed);
		}
	}

	private async sendNow(request: SafePaysRequest): Promise<Outcome> {
		const outcome = await sendOnce(this.context, request, this.options.timeout, {
			credentials: this.credentials,
			redact: this.redact,
			signal: request.method === 'GET' ? this.cancelSignal : undefined,
		});
		if ('answer' in outcome) this.rateLimit.learn(outcome.answer);
		else this.rateLimit.done();
		return outcome;
	}
}
