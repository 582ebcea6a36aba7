import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError, sleep } from 'n8n-workflow';

import { isAiTool } from '../aiTool';
import { noteCreates } from '../memory/cutOff';
import { Fingerprints, Ledger } from '../memory/ledger';
import type { ClientOptions } from '../transport/client';
import { SafePaysClient } from '../transport/client';
import type { Failed, Job, Result, Run } from './deliver';
import { deliver } from './deliver';
import { operations } from './description';
import { assertCanWait, waitForPayment } from './invoice/waitForPayment';
import type { NodeError } from './messages';
import { asNodeError, detailsOf, logCreated, tellOfWaiting, withHistory, withOthers } from './messages';
import type { ItemParameters, Operation } from './operation';
import { parametersOf } from './parameters';

/**
 * What the node does with its items. With "Continue", whatever stops it as a whole is told as an error
 * of each item: n8n would take what is thrown for a reason to hand the input on, as if all had gone well.
 *
 * @throws NodeApiError, NodeOperationError
 */
export async function router(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	try {
		return await route.call(this);
	} catch (error) {
		if (!this.continueOnFail()) return await Promise.reject(error as Error);
		return [this.getInputData().flatMap((_, item) => toItems({ error: asNodeError(this, error, item) }, item))];
	}
}

/**
 * The only loop over items: parameters → request → answer → item.
 *
 * All items are judged before anything is sent. At most `maxConcurrency` requests are on their way;
 * the output is in input order and paired. Without "Continue" the first failure starts no further
 * item, lets those on their way finish, and is thrown with what was created.
 *
 * @throws NodeApiError, NodeOperationError
 */
async function route(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
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
	const jobs: Array<Job | Failed> = [];
	while (jobs.length < inputs.length) {
		// Expressions take their time: thousands of items must not keep n8n from everything else.
		if (jobs.length % 100 === 99) await sleep(0);
		jobs.push(prepare(jobs.length));
	}
	const invalid = jobs.filter((job): job is Failed => 'error' in job);
	if (invalid.length > 0 && !goesOn) throw withOthers(invalid[0].error, invalid.length - 1);

	if (jobs.some(createsWithoutKey)) await noteCreates(this, ledger);
	const run: Run = { context: this, operation, client, ledger };
	const results: Array<Result | undefined> = [];
	let stopped = false;
	await eachOf(
		jobs,
		maxConcurrency,
		async (job, itemIndex) => {
			const result = 'error' in job ? job : await deliver(run, job);
			results[itemIndex] = result;
			if ('error' in result && !goesOn) stopped = true;
		},
		() => stopped || client.cancelled,
	);

	tellOfWaiting(this, client.waitedSeconds);
	if (client.cancelled) logCreated(this, ledger);
	const failures = results.flatMap((result) => (result && 'error' in result ? [result.error] : []));
	const begun = jobs.flatMap((job, itemIndex) =>
		'fingerprint' in job && results[itemIndex] !== undefined ? [job.fingerprint] : [],
	);
	const inFull = (errors: NodeError[]) => withHistory(errors, new Set(begun), client, ledger);
	if (failures.length > 0 && !goesOn) throw inFull(failures);

	const outputs = results.flatMap((result, item) => toItems(result, item));
	const output = operation.waits
		? await waitForPayment(this, client, outputs).catch((error: unknown) => {
				throw inFull([asNodeError(this, error, 0)]);
			})
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
	if (operation.waits && isAiTool(context.getNode())) {
		throw new NodeOperationError(
			context.getNode(),
			'"Create and Wait for Payment" cannot be used as a tool of an AI agent',
			{
				description:
					'Nothing was created. In this node choose "Create", and add a tool with "Get" to see whether the invoice is paid.',
			},
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
): (itemIndex: number) => Job | Failed {
	const fingerprints = new Fingerprints();
	return (itemIndex) => {
		try {
			const parameters = read(itemIndex);
			const request = operation.request(parameters);
			const uniqueKey = operation.uniqueKey?.(parameters) ?? '';
			const fingerprint = fingerprints.of(request, uniqueKey, operation.perTry);
			return { itemIndex, parameters, request, fingerprint, uniqueKey };
		} catch (error) {
			return { error: asNodeError(context, error, itemIndex) };
		}
	};
}

/** A unique key's claim tells more than that the node was about to create. */
function createsWithoutKey(job: Job | Failed): boolean {
	return !('error' in job) && job.request.method === 'POST' && job.uniqueKey === '';
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
