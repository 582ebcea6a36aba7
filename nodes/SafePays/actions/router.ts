import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { isAiTool } from '../aiTool';
import type { ErrorScope, NodeError, PairedItem } from '../errors/nodeErrors';
import { toErrorItem, toNodeError } from '../errors/nodeErrors';
import {
	logCancelledRun,
	showRateLimitHint,
	withInvalidItems,
	withRunSummary,
} from '../errors/runSummary';
import type { PlannedCreate } from '../idempotency';
import { CreateRun, Fingerprints } from '../idempotency';
import { SafePaysClient } from '../transport/client';
import { SafePaysError } from '../transport/errors';
import type { RecordAnswer } from '../transport/request';
import { operations } from './index';
import type { Operation } from './operation';
import type { ItemParameters } from './parameters';
import { createParameterReader } from './parameters';
import { requestOptions } from './requestOptions';

/** An item's request, and how to recognise it on a retry. */
interface Job extends PlannedCreate {
	itemIndex: number;
	parameters: ItemParameters;
}

interface Failed {
	error: NodeError;
}

type Result = { items: IDataObject[] } | Failed;

/**
 * What the node does with its items. With "Continue", whatever stops it as a whole comes out as
 * an error of each item: after a throw, n8n would hand the input on as if all had gone well.
 *
 * @throws NodeApiError, NodeOperationError
 */
export async function runItems(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const inputs = context.getInputData();
	if (inputs.length === 0) return [[]];
	const scope: ErrorScope = { context, itemCount: inputs.length, redact: (value) => value };
	try {
		return await runOperation(scope);
	} catch (error) {
		if (!context.continueOnFail()) throw toNodeError(scope, error, 0);
		return [inputs.map((_, item) => toErrorItem(scope, toNodeError(scope, error, item), item))];
	}
}

/**
 * The only loop over items: parameters → request → answer → item.
 *
 * All items are validated before anything is sent. At most `maxConcurrency` requests are in flight;
 * the output is in input order and paired. Without "Continue" the first error starts no further
 * item, lets those in flight finish, and is thrown with what was created.
 */
async function runOperation(scope: ErrorScope): Promise<INodeExecutionData[][]> {
	const { context, itemCount } = scope;
	const operation = getOperation(context);
	const credentials = await context.getCredentials('safePaysApi');
	const client = new SafePaysClient(context, credentials, requestOptions.read(context));
	scope.redact = client.redact;
	const continues = context.continueOnFail();
	operation.beforeRun?.(context, itemCount);

	const jobs = await planJobs(scope, operation, createParameterReader(context, credentials));
	const invalid = jobs.filter((job): job is Failed => 'error' in job);
	if (invalid.length > 0 && !continues)
		throw withInvalidItems(invalid[0].error, invalid.length - 1);

	const creates = await CreateRun.begin(context, client, jobs.filter(isCreate));
	const results: Array<Result | undefined> = [];
	let stopped = false;
	await forEachConcurrent(
		jobs,
		client.options.maxConcurrency,
		async (job, itemIndex) => {
			const result = 'error' in job ? job : await runJob(scope, operation, client, creates, job);
			results[itemIndex] = result;
			if ('error' in result && !continues) stopped = true;
		},
		() => stopped || client.cancelled,
	);
	await creates.settle();

	showRateLimitHint(context, client.waitedSeconds);
	if (client.cancelled) logCancelledRun(context, creates.getSummary());
	const errors = results.flatMap((result) => (result && 'error' in result ? [result.error] : []));
	if (errors.length > 0 && !continues) throw withRunSummary(context, errors, creates.getSummary());

	const outputs = results.flatMap((result, item) => toOutputItems(scope, result, item));
	const parameters = jobs.map((job) => ('error' in job ? undefined : job.parameters));
	const run = { context, credentials, client, parameters };
	const output = operation.afterRun
		? await operation.afterRun(run, outputs).catch((error: unknown) => {
				throw withRunSummary(context, [toNodeError(scope, error, 0)], creates.getSummary());
			})
		: outputs;
	if (errors.length === 0 && !client.cancelled) creates.finish();
	return [output];
}

/** An item's way from its request to its output items. Never throws. */
async function runJob(
	scope: ErrorScope,
	operation: Operation,
	client: SafePaysClient,
	creates: CreateRun,
	job: Job,
): Promise<Result> {
	const { request, parameters, itemIndex } = job;
	try {
		const answer = isCreate(job)
			? ({ [request.record]: await creates.create(job) } as RecordAnswer)
			: await client.send(request);
		return { items: operation.items(answer, parameters) };
	} catch (error) {
		const rejected = error instanceof SafePaysError && error.rejected ? error.httpCode : undefined;
		const items = rejected && operation.onRejected?.(rejected, parameters);
		return items ? { items } : { error: toNodeError(scope, error, itemIndex) };
	}
}

function getOperation(context: IExecuteFunctions): Operation {
	const resource = context.getNodeParameter('resource', 0) as string;
	// n8n drops the operation of a resource that the node does not have.
	const name = context.getNodeParameter('operation', 0, '') as string;
	const ofResource = Object.hasOwn(operations, resource) ? operations[resource] : {};
	const operation = Object.hasOwn(ofResource, name) ? ofResource[name] : undefined;
	if (!operation) {
		throw new SafePaysError({
			message: `The operation "${name}" of the resource "${resource}" does not exist`,
			nextStep: 'Choose a resource and an operation from the lists of the node.',
		});
	}
	if (operation.option.displayOptions?.hide?.['@tool'] && isAiTool(context.getNode())) {
		throw new SafePaysError({
			message: `"${operation.option.name}" cannot be used as a tool of an AI agent`,
			nextStep:
				'Nothing was created. In this node choose "Create", and add a tool with "Get" to see whether the invoice is paid.',
		});
	}
	return operation;
}

/** Builds each item's job, or its validation error. Identical requests are numbered in input order. */
async function planJobs(
	scope: ErrorScope,
	operation: Operation,
	readParameters: (itemIndex: number) => ItemParameters,
): Promise<Array<Job | Failed>> {
	const fingerprints = new Fingerprints();
	const jobs: Array<Job | Failed> = [];
	for (let itemIndex = 0; itemIndex < scope.itemCount; itemIndex++) {
		// Lets n8n do other work: evaluating the expressions of thousands of items takes long.
		if (itemIndex % 100 === 99) await sleep(0);
		try {
			const parameters = readParameters(itemIndex);
			const request = operation.request(parameters);
			const uniqueKey = operation.uniqueKey?.(parameters) ?? '';
			const fingerprint = fingerprints.create(request, uniqueKey, operation.fingerprintIgnores);
			jobs.push({ itemIndex, parameters, request, fingerprint, uniqueKey });
		} catch (error) {
			jobs.push({ error: toNodeError(scope, error, itemIndex) });
		}
	}
	return jobs;
}

function isCreate(job: Job | Failed): job is Job {
	return !('error' in job) && job.request.method === 'POST';
}

/** Works on a list with so many at a time, in order, until `stop` says so; resolves when those begun have ended. */
async function forEachConcurrent<T>(
	list: T[],
	concurrency: number,
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
	await Promise.all(Array.from({ length: Math.min(concurrency, list.length) }, worker));
}

function toOutputItems(scope: ErrorScope, result: Result | undefined, item: number): PairedItem[] {
	if (result === undefined) return [];
	if ('error' in result) return [toErrorItem(scope, result.error, item)];
	return result.items.map((json) => ({ json, pairedItem: { item } }));
}
