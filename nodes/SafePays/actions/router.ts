import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError, sleep } from 'n8n-workflow';

import { createOnce } from '../memory/createOnce';
import type { Creating } from '../memory/cutOff';
import { beginCreates } from '../memory/cutOff';
import { Fingerprints, Ledger } from '../memory/ledger';
import type { ClientOptions } from '../transport/client';
import { SafePaysClient } from '../transport/client';
import { isUnconfirmed, notResentError, refusalBySafePays } from '../transport/errors';
import type { SafePaysRequest } from '../transport/request';
import { operations } from './description';
import { getInvoice } from './invoice/getInvoice';
import { assertCanWait, waitForPayment } from './invoice/waitForPayment';
import type { ItemParameters, Operation } from './operation';
import { parametersOf } from './parameters';
import type { NodeError } from './telling';
import { asNodeError, detailsOf, logCreated, tellOfWaiting, withHistory, withOthers } from './telling';

/** What an item's parameters amount to. */
interface Job {
	parameters: ItemParameters;
	request: SafePaysRequest;
	fingerprint: string;
	uniqueKey: string;
}

type Result = { items: IDataObject[] } | { error: NodeError };

/**
 * The only loop over items: parameters → request → answer → item.
 *
 * All items are judged before anything is sent. At most `maxConcurrency` requests are on their way;
 * the output is in input order and paired. Without "Continue" the first failure starts no further
 * item, lets those on their way finish, and is thrown with what was created.
 *
 * @throws NodeApiError, NodeOperationError
 */
export async function router(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const inputs = this.getInputData();
	if (inputs.length === 0) return [[]];
	const operation = operationOf(this);
	const credentials = await this.getCredentials('safePaysApi');
	const { maxConcurrency, ...clientOptions } = optionsOf(this);
	const client = new SafePaysClient(this, credentials, clientOptions);
	const ledger = new Ledger(this);
	const goesOn = this.continueOnFail();

	if (operation.waits) assertCanWait(this, credentials, inputs.length);
	const prepare = preparer(this, operation, parametersOf(this, credentials));
	const jobs: Array<Job | { error: NodeError }> = [];
	while (jobs.length < inputs.length) {
		// Expressions take their time: thousands of items must not keep n8n from everything else.
		if (jobs.length % 100 === 99) await sleep(0);
		jobs.push(prepare(jobs.length));
	}
	const invalid = jobs.filter((job): job is { error: NodeError } => 'error' in job);
	if (invalid.length > 0 && !goesOn) throw withOthers(invalid[0].error, invalid.length - 1);

	const creates = jobs.some((job) => !('error' in job) && job.request.method === 'POST');
	const creating = creates ? await beginCreates(this, ledger.runIndex) : undefined;
	const results: Array<Result | undefined> = [];
	let stopped = false;
	await eachOf(
		jobs,
		maxConcurrency,
		async (job, itemIndex) => {
			results[itemIndex] =
				'error' in job ? job : await deliver(this, operation, client, ledger, job, itemIndex, creating);
			if ('error' in results[itemIndex] && !goesOn) stopped = true;
		},
		() => stopped || client.cancelled,
	);
	await creating?.end();

	tellOfWaiting(this, client.waitedSeconds);
	if (client.cancelled) logCreated(this, ledger);
	const failures = results.flatMap((result) => (result && 'error' in result ? [result.error] : []));
	if (failures.length > 0 && !goesOn) {
		const begun = jobs.flatMap((job, itemIndex) =>
			'fingerprint' in job && results[itemIndex] !== undefined ? [job.fingerprint] : [],
		);
		throw withHistory(failures, new Set(begun), client, ledger);
	}

	const outputs = results.flatMap((result, item) => toItems(result, item));
	const output = operation.waits
		? await waitForPayment(this, client, outputs)
		: [outputs];
	if (failures.length === 0 && !client.cancelled) ledger.clear();
	return output;
}

function operationOf(context: IExecuteFunctions): Operation {
	const resource = context.getNodeParameter('resource', 0) as string;
	// n8n drops the operation of a resource that the node does not have.
	const name = context.getNodeParameter('operation', 0, '') as string;
	const ofResource = Object.hasOwn(operations, resource) ? operations[resource] : {};
	const operation = Object.hasOwn(ofResource, name) ? ofResource[name] : undefined;
	if (!operation) {
		throw new NodeOperationError(
			context.getNode(),
			`The operation "${name}" of the resource "${resource}" does not exist`,
			{ description: 'Choose a resource and an operation from the lists of the node.' },
		);
	}
	return operation;
}

function optionsOf(context: IExecuteFunctions): ClientOptions & { maxConcurrency: number } {
	const given = context.getNodeParameter('options', 0, {}) as IDataObject;
	const within = (name: string, fallback: number, least: number, most: number) => {
		const value = Number(given[name] ?? fallback);
		return Math.min(Math.max(Number.isFinite(value) ? value : fallback, least), most);
	};
	return {
		maxConcurrency: Math.floor(within('maxConcurrency', 10, 1, 100)),
		timeout: within('timeout', 30, 0.1, 3600),
		rateLimitWait: within('rateLimitWait', 300, 0, 86_400),
		resendUnconfirmed: given.resendUnconfirmed === true,
	};
}

/** Makes an item's job, or the error that its parameters deserve. Equal requests are told apart by input order. */
function preparer(
	context: IExecuteFunctions,
	operation: Operation,
	read: (itemIndex: number) => ItemParameters,
): (itemIndex: number) => Job | { error: NodeError } {
	const fingerprints = new Fingerprints();
	return (itemIndex) => {
		try {
			const parameters = read(itemIndex);
			const request = operation.request(parameters);
			const uniqueKey = operation.uniqueKey?.(parameters) ?? '';
			const fingerprint = fingerprints.of(request, uniqueKey, operation.perTry);
			return { parameters, request, fingerprint, uniqueKey };
		} catch (error) {
			return { error: asNodeError(context, error, itemIndex) };
		}
	};
}

async function deliver(
	context: IExecuteFunctions,
	operation: Operation,
	client: SafePaysClient,
	ledger: Ledger,
	job: Job,
	itemIndex: number,
	creating?: Creating,
): Promise<Result> {
	try {
		const answer =
			job.request.method === 'GET'
				? await client.send(job.request, itemIndex)
				: await createNotTwice(context, client, ledger, job, itemIndex, creating);
		return { items: operation.items(answer, job.parameters) };
	} catch (error) {
		const nodeError = asNodeError(context, error, itemIndex);
		const items = operation.insteadOf?.(refusalBySafePays(nodeError), job.parameters);
		return items ? { items } : { error: nodeError };
	}
}

/** Hands out what an earlier try of this execution has created; otherwise creates it, and notes that. */
async function createNotTwice(
	context: IExecuteFunctions,
	client: SafePaysClient,
	ledger: Ledger,
	{ request, fingerprint, uniqueKey }: Job,
	itemIndex: number,
	creating?: Creating,
): Promise<IDataObject> {
	const earlier = ledger.find(fingerprint);
	if (earlier && 'record' in earlier) return { [request.record]: earlier.record };
	// A unique key's claim in n8n's database tells more than that n8n was killed in between.
	const open = earlier
		? ({ when: 'at', time: new Date(earlier.sentAt) } as const)
		: uniqueKey === ''
			? creating?.cutOff
			: undefined;
	if (open && !client.options.resendUnconfirmed) {
		throw notResentError(
			context.getNode(),
			itemIndex,
			request.record,
			{ what: request.summary, sent: `${open.when} ${client.localTime(open.time)}` },
			client.redact,
		);
	}
	const create = async () => {
		const note = (at: Date) => ledger.sent(fingerprint, request.summary, at);
		try {
			const record = (await client.send(request, itemIndex, note))[request.record] as IDataObject;
			ledger.created(fingerprint, record);
			return record;
		} catch (error) {
			// What an earlier try has left open, the failure of this one does not close.
			if (!earlier && !isUnconfirmed(error)) ledger.forget(fingerprint);
			return await Promise.reject(error as Error);
		}
	};
	if (uniqueKey === '') return { [request.record]: await create() };
	const fetch = async (invoiceId: string) =>
		(await client.send(getInvoice(invoiceId), itemIndex)).invoice as IDataObject;
	const once = { key: uniqueKey, itemIndex, claimed: earlier !== undefined, create, fetch };
	return { [request.record]: await createOnce(context, once) };
}

/** Works on a list with so many at a time, in order, until `stop` says so; resolves when those begun have ended. */
async function eachOf<T>(
	list: T[],
	atOnce: number,
	work: (entry: T, index: number) => Promise<void>,
	stop: () => boolean,
): Promise<void> {
	let next = 0;
	const worker = async () => {
		while (next < list.length && !stop()) {
			const index = next++;
			await work(list[index], index);
		}
	};
	await Promise.all(Array.from({ length: Math.min(atOnce, list.length) }, worker));
}

function toItems(result: Result | undefined, item: number): INodeExecutionData[] {
	if (result === undefined) return [];
	// n8n routes an item to the error output if it has these keys and no others.
	const list =
		'error' in result
			? [{ error: result.error.message, details: detailsOf(result.error) }]
			: result.items;
	return list.map((json) => ({ json, pairedItem: { item } }));
}
