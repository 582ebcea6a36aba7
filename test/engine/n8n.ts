import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

import { WebhookContext } from 'n8n-core';
import type {
	INode,
	INodeExecutionData,
	IRunExecutionData,
	IWebhookData,
	IWebhookResponseData,
	IWorkflowExecuteAdditionalData,
	Workflow,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { createRunExecutionData } from 'n8n-workflow';

import type { WorkflowJson, World } from '.';
import { createAdditionalData, saveStaticData } from '.';
import type { Execution } from './executions';
import { Executions, restoreRunData } from './executions';
import type { Request, Response } from './express';
import { toExpressResponse, HttpError, readBody } from './express';

/** A call to a webhook, of a workflow that it starts or of an execution that waits for it. */
interface Call {
	json: WorkflowJson;
	workflow: Workflow;
	node: INode;
	mode: WorkflowExecuteMode;
	request: Request;
	response: Response;
	waiting?: { execution: Execution; data: IRunExecutionData };
}

/**
 * As much of n8n as notifications meet: a server that hands them to the node's `webhook()` as
 * `WebhookHelpers.executeWebhook` and `WaitingWebhooks` do, and runs what that starts or resumes.
 */
export class N8n extends Executions {
	/** What webhooks wrote to n8n's log. */
	readonly log: string[] = [];

	/** What `webhook()` threw; n8n answers 500 and runs the workflow with an empty item. */
	readonly crashes: unknown[] = [];

	/** How often webhooks had n8n read and decrypt a credential. */
	credentialReads = 0;

	/** Called before an execution starts or goes on; what it throws is why n8n could not do that. */
	beforeStart?: () => void | Promise<void>;

	/** Called with each webhook's context before the node gets it, to make things fail in it. */
	meddle?: (context: WebhookContext) => void;

	private readonly workflows = new Map<string, { json: WorkflowJson; mode: WorkflowExecuteMode }>();

	private readonly server = http.createServer((request, response) => {
		void this.serve(request as Request, toExpressResponse(response));
	});

	static async start(world: World): Promise<N8n> {
		const n8n = new N8n(world);
		n8n.server.listen(0, '127.0.0.1');
		await once(n8n.server, 'listening');
		const { port } = n8n.server.address() as AddressInfo;
		n8n.world.baseUrl ??= `http://127.0.0.1:${port}`;
		return n8n;
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	/** Activates a workflow. @returns the production URL of its trigger */
	activate(json: WorkflowJson): string {
		return this.register('webhook', json, 'webhook');
	}

	/** "Listen for test event". @returns the test URL of the workflow's trigger */
	listen(json: WorkflowJson): string {
		return this.register('webhook-test', json, 'manual');
	}

	private register(prefix: string, json: WorkflowJson, mode: WorkflowExecuteMode): string {
		const trigger = json.nodes.find(({ webhookId }) => webhookId) as INode;
		const path = `/${prefix}/${String(trigger.parameters.path ?? 'safepays')}`;
		this.workflows.set(path, { json, mode });
		return `${this.world.baseUrl}${path}`;
	}

	private async serve(request: Request, response: Response): Promise<void> {
		try {
			const url = new URL(request.url ?? '/', this.world.baseUrl);
			request.query = Object.fromEntries(url.searchParams);
			request.params = {};
			request.body = await readBody(request);
			const waiting = /^\/webhook-waiting\/([^/]+)$/.exec(url.pathname)?.[1];
			if (waiting !== undefined) {
				await this.serveWaiting(waiting, request, response);
				return;
			}
			const registered = this.workflows.get(url.pathname);
			if (!registered || request.method !== 'POST')
				throw new HttpError(404, 'The requested webhook is not registered.');
			const workflow = this.createWorkflow(registered.json);
			const node = Object.values(workflow.nodes).find(({ webhookId }) => webhookId) as INode;
			await this.execute({ ...registered, workflow, node, request, response });
		} catch (error) {
			const { status, message } = error as Partial<HttpError>;
			response.status(status ?? 500).json({ code: status ?? 0, message });
		}
	}

	private async serveWaiting(id: string, request: Request, response: Response): Promise<void> {
		const execution = this.executions.find((candidate) => candidate.id === id);
		if (!execution) throw new HttpError(404, `The execution "${id}" does not exist.`);
		if (execution.status === 'running' || !execution.data) {
			throw new HttpError(409, `The execution "${id}" is running already.`);
		}
		const data = restoreRunData(execution);
		if (execution.status !== 'waiting')
			throw new HttpError(409, `The execution "${id} has finished already.`);
		const { lastNodeExecuted } = data.resultData;
		const [entry] = data.executionData?.nodeExecutionStack ?? [];
		entry.node.disabled = true;
		data.waitTill = undefined;
		data.resultData.runData[lastNodeExecuted as string].pop();
		const workflow = this.createWorkflow(execution.json);
		const node = workflow.getNode(lastNodeExecuted as string) as INode;
		const { json, mode } = execution;
		const waiting = { execution, data };
		await this.execute({ json, mode, workflow, node, request, response, waiting });
	}

	private async execute(call: Call): Promise<void> {
		const { workflow, mode, response, waiting } = call;
		let answered = false;
		let result: IWebhookResponseData;
		try {
			result = await this.runWebhook(call);
		} catch (error) {
			this.crashes.push(error);
			response
				.status(500)
				.json({ code: 0, message: 'Workflow Webhook Error: Workflow could not be started!' });
			answered = true;
			result = { noWebhookResponse: true, workflowData: [[{ json: {} }]] };
		}
		const save = () => {
			if (!waiting && mode !== 'manual') saveStaticData(this.world, workflow);
		};
		if (result.noWebhookResponse && !answered) {
			save();
			answered = true;
		}
		if (result.workflowData) {
			try {
				await this.begin(call, result.workflowData);
			} catch {
				if (!answered) throw new HttpError(500, 'There was a problem executing the workflow');
			}
		}
		if (answered) return;
		save();
		const { webhookResponse = { message: 'Workflow was started' } } = result as {
			webhookResponse?: unknown;
		};
		if (typeof webhookResponse === 'string') response.send(webhookResponse);
		else response.json(webhookResponse);
	}

	private async runWebhook(call: Call): Promise<IWebhookResponseData> {
		const { json, workflow, node, mode, request, response, waiting } = call;
		const additionalData = createAdditionalData(
			{ ...this.world, mode, executionId: waiting?.execution.id ?? 'none' },
			json,
		);
		if (!waiting) additionalData.executionId = undefined;
		Object.assign(additionalData, { httpRequest: request, httpResponse: response });
		this.countCredentialReads(additionalData);
		const nodeType = this.nodeTypes.getByNameAndVersion(node.type, node.typeVersion);
		const [webhookDescription] = nodeType.description.webhooks ?? [];
		const webhookData: IWebhookData = {
			httpMethod: 'POST',
			node: node.name,
			path: webhookDescription.path,
			webhookDescription,
			workflowId: workflow.id,
			workflowExecuteAdditionalData: additionalData,
		};
		const context = new WebhookContext(
			workflow,
			node,
			additionalData,
			mode,
			webhookData,
			[],
			waiting?.data ?? null,
		);
		const write = (...words: unknown[]) => this.log.push(words.map(String).join(' '));
		Object.defineProperty(context, 'logger', {
			value: { debug: write, info: write, warn: write, error: write },
		});
		this.meddle?.(context);
		if (!nodeType.webhook) throw new Error('The node has no webhook');
		return await nodeType.webhook.call(context);
	}

	private async begin(
		{ json, node, mode, waiting }: Call,
		workflowData: INodeExecutionData[][],
	): Promise<void> {
		await this.beforeStart?.();
		if (!waiting) {
			const nodeExecutionStack = [{ node, data: { main: workflowData }, source: null }];
			const execution = this.create(json, mode);
			execution.input = structuredClone(workflowData[0].map((item) => item.json));
			this.go(execution, createRunExecutionData({ executionData: { nodeExecutionStack } }));
			return;
		}
		const { execution, data } = waiting;
		if (execution.status !== 'waiting') throw new Error('The execution is already resuming');
		const [entry] = data.executionData?.nodeExecutionStack ?? [];
		entry.data.main = workflowData;
		entry.metadata = { ...entry.metadata, forwardAllOutputs: true };
		execution.resumed++;
		this.go(execution, data);
	}

	private countCredentialReads({ credentialsHelper }: IWorkflowExecuteAdditionalData): void {
		const { getDecrypted } = credentialsHelper;
		credentialsHelper.getDecrypted = async (...parameters) => {
			this.credentialReads++;
			return await getDecrypted(...parameters);
		};
	}
}
