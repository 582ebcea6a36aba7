import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { createOnce } from '../memory/createOnce';
import type { Ledger } from '../memory/ledger';
import type { SafePaysClient } from '../transport/client';
import { isUnconfirmed, notResentError, refusalBySafePays } from '../transport/errors';
import type { SafePaysRequest } from '../transport/request';
import { getInvoice } from './invoice/getInvoice';
import type { NodeError } from './messages';
import { asNodeError } from './messages';
import type { ItemParameters, Operation } from './operation';

/** What the items of one run of the node share. */
export interface Run {
	context: IExecuteFunctions;
	operation: Operation;
	client: SafePaysClient;
	ledger: Ledger;
}

/** What an item's parameters amount to. */
export interface Job {
	itemIndex: number;
	parameters: ItemParameters;
	request: SafePaysRequest;
	/** Names the request for the ledger. */
	fingerprint: string;
	/** '' if there is none. */
	uniqueKey: string;
}

export interface Failed {
	error: NodeError;
}

export type Result = { items: IDataObject[] } | Failed;

/** An item's way from its request to its output items. Never throws. */
export async function deliver(run: Run, job: Job): Promise<Result> {
	const { context, operation, client } = run;
	try {
		const answer =
			job.request.method === 'GET'
				? await client.send(job.request, job.itemIndex)
				: { [job.request.record]: await createNotTwice(run, job) };
		return { items: operation.items(answer, job.parameters) };
	} catch (error) {
		const nodeError = asNodeError(context, error, job.itemIndex);
		const items = operation.insteadOf?.(refusalBySafePays(nodeError), job.parameters);
		return items ? { items } : { error: nodeError };
	}
}

/** @returns the record that an earlier try of this execution has created, or else a new one */
async function createNotTwice(run: Run, job: Job): Promise<IDataObject> {
	const { context, client, ledger } = run;
	const { request, fingerprint, uniqueKey, itemIndex } = job;
	const earlier = ledger.find(fingerprint);
	if (earlier && 'record' in earlier) return earlier.record;
	// A unique key's claim tells more than that an earlier try was about to create.
	const cutOff = uniqueKey === '' ? ledger.cutOff : undefined;
	const open = earlier ? { when: 'at', time: earlier.sentAt } : cutOff;
	if (open && !client.options.resendUnconfirmed) {
		const sent = `${open.when} ${client.localTime(new Date(open.time))}`;
		const unconfirmed = { what: request.summary, sent };
		throw notResentError(context.getNode(), itemIndex, request.record, unconfirmed, client.redact);
	}
	if (uniqueKey === '') return await createNoted(run, job);
	return await createOnce(context, {
		key: uniqueKey,
		itemIndex,
		claimed: earlier !== undefined,
		create: async () => await createNoted(run, job),
		fetch: async (id) => (await client.send(getInvoice(id), itemIndex)).invoice as IDataObject,
	});
}

/** Creates a record, noted in the ledger before it is sent and when its outcome is known. */
async function createNoted(run: Run, job: Job): Promise<IDataObject> {
	const { client, ledger } = run;
	const { request, fingerprint, itemIndex } = job;
	const earlier = ledger.find(fingerprint);
	const note = (at: Date) => ledger.sent(fingerprint, request.summary, at);
	try {
		const record = (await client.send(request, itemIndex, note))[request.record] as IDataObject;
		ledger.created(fingerprint, record);
		return record;
	} catch (error) {
		// What an earlier try has left open, the failure of this one does not close.
		if (!earlier && !isUnconfirmed(error)) ledger.forget(fingerprint);
		// Passed on as it came: `deliver` makes it a node error.
		return await Promise.reject(error as Error);
	}
}
