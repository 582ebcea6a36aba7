import type { IExecuteFunctions } from 'n8n-workflow';

import type { SafePaysClient } from '../transport/client';
import { createNotResentError, isUnconfirmed } from '../transport/errors';
import type { SafePaysRequest } from '../transport/request';
import type { RecordName, Records } from '../transport/records';
import { noteCreates } from './crashRecovery';
import type { PendingCreate } from './ledger';
import { Ledger } from './ledger';
import { noteIfNotified } from './notifiedInvoices';
import { UniqueKeys } from './uniqueKey';

export { Fingerprints } from './fingerprint';

/** A create of this run, and how to recognise it on a retry. */
export interface PlannedCreate {
	request: SafePaysRequest;
	/** Names the request for the ledger: see `Fingerprints`. */
	fingerprint: string;
	/** The user's own key, e.g. an order number; '' if there is none. */
	uniqueKey: string;
}

/** What a run has created so far, for the error that ends it. */
export interface CreateSummary {
	/** IDs of what all tries of this run have created. */
	createdIds: string[];
	/** All whose outcome is not known. */
	pending: PendingCreate[];
	/** Those of them that only earlier tries have begun: no error of this try names them. */
	pendingOfEarlierTries: PendingCreate[];
}

/**
 * The idempotency key that SafePays lacks, for the creates of one run of the node: what an earlier
 * try of the execution has created is handed out again, what may have happened is not sent again,
 * and a unique key is used once.
 */
export class CreateRun {
	private readonly begun = new Set<string>();

	private constructor(
		private readonly context: IExecuteFunctions,
		private readonly client: SafePaysClient,
		private readonly ledger: Ledger,
		private readonly uniqueKeys: UniqueKeys,
	) {}

	/** @param planned every create of this run, in their order, before the first one is sent */
	static async begin(
		context: IExecuteFunctions,
		client: SafePaysClient,
		planned: PlannedCreate[],
	): Promise<CreateRun> {
		const ledger = new Ledger(context);
		// For a unique key, its claim says whether an earlier try may have created.
		if (planned.some(({ uniqueKey }) => uniqueKey === '')) await noteCreates(context, ledger);
		const fresh = planned.filter(
			({ uniqueKey, fingerprint }) => uniqueKey !== '' && !ledger.find(fingerprint),
		);
		const uniqueKeys = new UniqueKeys(context, client, fresh);
		return new CreateRun(context, client, ledger, uniqueKeys);
	}

	/**
	 * @returns the record that an earlier try of this execution has created, or else a new one
	 * @throws SafePaysError; `unconfirmed` is set where the create may have happened anyway
	 */
	async create(planned: PlannedCreate): Promise<Records[RecordName]> {
		const { request, fingerprint, uniqueKey } = planned;
		this.begun.add(fingerprint);
		const earlier = this.ledger.find(fingerprint);
		if (earlier?.status === 'created') return earlier.record;
		// For a unique key, its claim says whether an earlier try may have created.
		const lostTry = uniqueKey === '' ? this.ledger.lostTry : undefined;
		const pending = earlier ? { when: 'at' as const, time: earlier.sentAt } : lostTry;
		if (pending && !this.client.options.resendUnconfirmed) {
			const { when, time } = pending;
			throw createNotResentError(request, { when, time: new Date(time) });
		}
		if (uniqueKey === '') return await this.createNoted(planned);
		const taken = await this.uniqueKeys.take(planned, earlier !== undefined);
		if ('invoice' in taken) return taken.invoice;
		const [created] = await Promise.allSettled([this.createNoted(planned)]);
		await this.uniqueKeys.keep(taken.claim, created);
		if (created.status === 'rejected') throw created.reason;
		return created.value;
	}

	/** Writes what was created for unique keys. To be awaited however the run ends, before anything else. */
	async settle(): Promise<void> {
		await this.uniqueKeys.settle();
	}

	getSummary(): CreateSummary {
		return {
			createdIds: this.ledger.listCreatedIds(),
			pending: this.ledger.listPendingExcept(new Set()),
			pendingOfEarlierTries: this.ledger.listPendingExcept(this.begun),
		};
	}

	/** Ends a run in which every item succeeded: the next run of the node bills anew. */
	finish(): void {
		this.ledger.clear();
	}

	/** Creates a record, noted in the ledger before it is sent and when its outcome is known. */
	private async createNoted({ request, fingerprint }: PlannedCreate): Promise<Records[RecordName]> {
		const earlier = this.ledger.find(fingerprint);
		this.ledger.notePending(fingerprint, request.summary, new Date());
		const [sent] = await Promise.allSettled([this.client.send(request)]);
		if (sent.status === 'rejected') {
			// What an earlier try has left pending stays so, even if this try is known to have failed.
			if (!earlier && !isUnconfirmed(sent.reason)) this.ledger.forget(fingerprint);
			throw sent.reason;
		}
		const record = sent.value[request.record];
		this.ledger.noteCreated(fingerprint, record);
		noteIfNotified(this.context, request, record.id);
		return record;
	}
}
