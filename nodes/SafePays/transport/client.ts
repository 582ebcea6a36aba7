import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { getApiKey, getBaseUrl } from '../../../credentials/SafePaysApi.credentials';
import { getCredentialId, joinAccount, noteAccountOfCredential } from './accounts';
import { isWebAddress } from './addresses';
import type { UnconfirmedCreate } from './errors';
import {
	createCancelledError,
	createRateLimitError,
	SafePaysError,
	withUnconfirmed,
} from './errors';
import { createRequestError } from './requestError';
import type { RunTurns, Turn, WaitBudget } from './rateLimit';
import type { RecordName } from './records';
import type { Redact } from './redact';
import { createRedactor } from './redact';
import type { RecordAnswer, SafePaysRequest } from './request';
import { classify, getRetryPauseMs, MAX_RETRIES, RETRY_POLICY } from './retryPolicy';
import type { Outcome } from './sendOnce';
import { sendOnce } from './sendOnce';

export interface ClientOptions {
	/** Requests in flight at once. */
	maxConcurrency: number;
	/** Seconds for one request. */
	timeout: number;
	/** Seconds that one item may spend waiting for the rate limit. */
	rateLimitWait: number;
	/** Treat a create whose outcome is unknown like a read: send it again. */
	resendUnconfirmed: boolean;
}

/** SafePays as one run of the node talks to it: one credential, its account's rate limit, one retry policy. */
export class SafePaysClient {
	readonly redact: Redact;
	private readonly turns: RunTurns;
	private readonly cancelSignal?: AbortSignal;

	/** @throws SafePaysError if the credential's base URL is not a complete address */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly credentials: ICredentialDataDecryptedObject,
		readonly options: ClientOptions,
	) {
		const baseUrl = getBaseUrl(credentials);
		if (!isWebAddress(baseUrl)) {
			throw new SafePaysError({
				message: 'The Base URL in the SafePays credential is not a complete address',
				nextStep: 'Enter an address that begins with https://, such as https://app.safepays.com.',
			});
		}
		const apiKey = getApiKey(credentials);
		this.redact = createRedactor(apiKey);
		this.cancelSignal = context.getExecutionCancelSignal();
		this.turns = joinAccount(apiKey, baseUrl, options.maxConcurrency, this.cancelSignal);
		noteAccountOfCredential(getCredentialId(context), apiKey, baseUrl);
	}

	get cancelled(): boolean {
		return this.cancelSignal?.aborted === true;
	}

	/** Seconds that the run was paused by the rate limit. */
	get waitedSeconds(): number {
		return Math.round(this.turns.waitedMs / 1000);
	}

	/**
	 * Sends a request until it succeeds or `RETRY_POLICY` says that it may not be sent (again).
	 *
	 * @returns SafePays' answer, e.g. `{status, message, invoice}`
	 * @throws SafePaysError with SafePays' words and a next step; `unconfirmed` is set where a create
	 * may have happened anyway
	 */
	async send<Name extends RecordName>(request: SafePaysRequest<Name>): Promise<RecordAnswer<Name>> {
		const budget: WaitBudget = { leftMs: this.options.rateLimitWait * 1000 };
		// Once an attempt may have happened, no later one can take that back.
		let unconfirmed: UnconfirmedCreate | undefined;
		for (let retries = 0; ; ) {
			const turn = await this.acquireTurn(budget, unconfirmed);
			const time = new Date();
			const outcome = await this.sendNow(request, turn);
			const kind = classify(outcome, request);
			let rule = RETRY_POLICY[kind][request.method];
			if (rule === 'done' && 'answer' in outcome) return outcome.answer.body as RecordAnswer<Name>;
			if (rule === 'wait') continue;
			if (rule === 'unconfirmed') {
				const { record, summary } = request;
				unconfirmed ??= { record, summary, when: 'at', time };
				if (this.options.resendUnconfirmed) rule = 'retry';
			}
			if (rule === 'retry' && retries < MAX_RETRIES && !this.cancelled) {
				await sleep(getRetryPauseMs(++retries));
				continue;
			}
			throw withUnconfirmed(createRequestError(request, outcome), unconfirmed);
		}
	}

	/** Resolves when a request may be sent. */
	private async acquireTurn(budget: WaitBudget, unconfirmed?: UnconfirmedCreate): Promise<Turn> {
		const acquired = await this.turns.acquire(budget);
		if (acquired && 'end' in acquired) return acquired;
		const error = acquired
			? createRateLimitError(acquired.tooLongMs, this.options.rateLimitWait)
			: createCancelledError(unconfirmed !== undefined);
		throw withUnconfirmed(error, unconfirmed);
	}

	private async sendNow(request: SafePaysRequest, turn: Turn): Promise<Outcome> {
		const outcome = await sendOnce(this.context, request, this.options.timeout, {
			credentials: this.credentials,
			redact: this.redact,
			signal: request.method === 'GET' ? this.cancelSignal : undefined,
		});
		turn.end('answer' in outcome ? outcome.answer : undefined);
		return outcome;
	}
}
