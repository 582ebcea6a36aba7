import { randomUUID } from 'node:crypto';

import type { N8nClient } from '../tools/harness/client';
import type { NodeJson, NodeSettings } from '../tools/harness/workflow';
import {
	manualTrigger,
	node,
	noOp,
	safePays,
	safePaysTrigger,
	triggerPath,
	webhook,
	workflow,
} from '../tools/harness/workflow';

/** What the calls ask for, and where. */
export interface Target {
	/** The ID of a `safePaysApi` credential. */
	credential: string;
	/** SafePays' address, for the HTTP Request node. */
	baseUrl: string;
	customerId: string;
	invoiceId: string;
	/** Leaves n8n's HTTP Request node out. */
	withoutHttpRequest?: boolean;
	/** Seconds that a request may take; 1 unless given, so that faults show soon. */
	timeout?: number;
}

/** A part of the workflow that starts by itself. */
export interface Chain {
	/** The name of its manual trigger. */
	start: string;
	/** The address at n8n that starts it in production. */
	webhook: string;
}

/** A workflow in which each call has a manual trigger, a webhook and a node of its own. */
export interface EveryCall {
	workflowId: string;
	/** One for each call that stops at an error, and in the end one for all with Continue. */
	calls: Chain[];
	/** A wait for the payment of an invoice of its own. */
	wait: Chain;
	/** Where notifications start the workflow. */
	triggerUrl: string;
}

/** Stores and activates a workflow with every operation, once as it is and once with Continue. */
export async function createEveryCall(client: N8nClient, target: Target): Promise<EveryCall> {
	const stops = calls(target, { retryOnFail: true, maxTries: 2, waitBetweenTries: 10 });
	const goOn = calls(target, { onError: 'continueRegularOutput' });
	const nodes: NodeJson[] = [];
	const connections: Record<string, string[]> = {};
	const chain = (name: string, steps: NodeJson[]): Chain => {
		const path = randomUUID();
		const heads = [
			manualTrigger(`Start ${name}`),
			webhook(path, { responseMode: 'lastNode' }, `Webhook ${name}`),
		];
		nodes.push(...heads, ...steps);
		for (const { name: head } of heads) connections[head] = [steps[0].name];
		steps.slice(1).forEach((step, index) => (connections[steps[index].name] = [step.name]));
		return { start: heads[0].name, webhook: `${client.url}/webhook/${path}` };
	};
	const chains = [
		...stops.map((call) => chain(call.name, [call])),
		chain(
			'all',
			goOn.map((call) => ({ ...call, name: `${call.name}, going on`, alwaysOutputData: true })),
		),
	];
	const wait = chain('wait', createAndWait(target));
	const trigger = safePaysTrigger(
		{ events: ['paid', 'failed'] },
		{ credential: target.credential },
	);
	nodes.push(trigger, noOp('After'));
	connections[trigger.name] = ['After'];
	const { id } = await client.createWorkflow(workflow(nodes, connections));
	await client.activate({ id });
	return {
		workflowId: id,
		calls: chains,
		wait,
		triggerUrl: `${client.url}/webhook/${triggerPath(trigger)}`,
	};
}

function calls(target: Target, settings: NodeSettings): NodeJson[] {
	const { credential, customerId, invoiceId } = target;
	const email = `${randomUUID()}@example.com`;
	const ours = (name: string, parameters: Record<string, unknown>) =>
		safePays({ ...parameters, options: createOptions(target) }, { credential, name, ...settings });
	return [
		ours('customer create', { resource: 'customer', operation: 'create', name: 'John', email }),
		ours('customer get', { resource: 'customer', operation: 'get', customerId }),
		ours('invoice create', { resource: 'invoice', operation: 'create', email, amount: 2 }),
		ours('invoice get', { resource: 'invoice', operation: 'get', invoiceId }),
		ours('invoice create once', {
			resource: 'invoice',
			operation: 'create',
			email,
			amount: 3,
			uniqueKey: '={{ $execution.id }}',
		}),
		...(target.withoutHttpRequest ? [] : httpRequests(target, settings, email)),
		ours('invoice wait', { resource: 'invoice', operation: 'waitForPayment', invoiceId }),
	];
}

function createAndWait(target: Target): NodeJson[] {
	const { credential } = target;
	const bill = { email: 'john@example.com', amount: 4, whenPaid: 'resume' };
	return [{ operation: 'create', ...bill }, { operation: 'waitForPayment' }].map((parameters) =>
		safePays(
			{ resource: 'invoice', ...parameters, options: createOptions(target) },
			{ credential, name: `wait: ${parameters.operation}` },
		),
	);
}

/** n8n's HTTP Request node with the SafePays credential. */
function httpRequests(target: Target, settings: NodeSettings, email: string): NodeJson[] {
	const { credential, baseUrl, invoiceId } = target;
	const shared = {
		authentication: 'predefinedCredentialType',
		nodeCredentialType: 'safePaysApi',
		options: { timeout: createOptions(target).timeout * 1000 },
	};
	const post = {
		method: 'POST',
		sendBody: true,
		specifyBody: 'json',
		jsonBody: JSON.stringify({ email, amount: 5 }),
	};
	return [
		{ url: `${baseUrl}/api/v2/invoice/${invoiceId}` },
		{ url: `${baseUrl}/api/v2/invoice`, ...post },
	].map((parameters) =>
		node(
			'n8n-nodes-base.httpRequest',
			`HTTP Request ${'method' in parameters ? 'POST' : 'GET'}`,
			{ ...shared, ...parameters },
			// it tells errors in another way since 4.5
			{ typeVersion: settings.onError ? 4.5 : 4.2, credential, ...settings },
		),
	);
}

/** An item waits for the rate limit no longer than faults take to show. */
function createOptions({ timeout = 1 }: Target) {
	// All executions of an account share what may be in flight: none has to wait for another here.
	return { timeout, rateLimitWait: timeout / 2, maxConcurrency: 100 };
}
