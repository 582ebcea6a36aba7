import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as querystring from 'node:querystring';

import { parse, stringify } from 'flatted';
import { WebhookContext, WorkflowExecute } from 'n8n-core';
import type {
	IDataObject,
	INode,
	INodeExecutionData,
	INodeParameters,
	INodeType,
	INodeTypes,
	IRun,
	IRunExecutionData,
	IWebhookData,
	IWebhookResponseData,
	IWorkflowExecuteAdditionalData,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import * as n8nWorkflow from 'n8n-workflow';
import { createRunExecutionData, NodeHelpers, Workflow } from 'n8n-workflow';

import type * as node from '../../nodes/SafePays/SafePays.node';
import type * as triggerNode from '../../nodes/SafePays/SafePaysTrigger.node';
import type { WorkflowJson, World } from '.';
import { additionalDataFor, NODE_NAME, nodeTypes } from '.';

export const TRIGGER_NAME = 'SafePays Trigger';

/** SafePays Trigger → No Operation. */
export function triggerWorkflow(parameters: INodeParameters = {}): WorkflowJson {
	return {
		nodes: [
			{
				id: '5a0b7a52-0d3e-4f0e-8a3f-0d8c5a1f7e01',
				name: TRIGGER_NAME,
				type: 'n8n-nodes-safepays.safePaysTrigger',
				typeVersion: 1,
				position: [0, 0],
				webhookId: '9c1f4a5e-8a27-4a63-9d7c-2f3f5f0f8b02',
				parameters,
				credentials: { safePaysApi: { id: '1', name: 'SafePays' } },
			},
			{
				id: '5a0b7a52-0d3e-4f0e-8a3f-0d8c5a1f7e03',
				name: 'After',
				type: 'n8n-nodes-base.noOp',
				typeVersion: 1,
				position: [220, 0],
				parameters: {},
			},
		],
		connections: { [TRIGGER_NAME]: { main: [[{ node: 'After', type: 'main', index: 0 }]] } },
	};
}

/** An execution as n8n keeps it. */
export interface Execution {
	id: string;
	mode: WorkflowExecuteMode;
	status: IRun['status'];
	json: WorkflowJson;
	/** Run data as n8n's database holds it; undefined until the run has ended or waits. */
	data?: string;
	waitTill?: Date;
	/** How often it was resumed. */
	resumed: number;
	/** Resolves when the run has ended or waits. */
	done: Promise<void>;
}

/** Ids of executions are given once. */
let executions = 0;

/** What webhooks see as Express' request. */
type Request = http.IncomingMessage & { body?: unknown; query: IDataObject; params: IDataObject };

/** What webhooks see as Express' response. */
type Response = http.ServerResponse & {
	locals: IDataObject;
	status(code: number): Response;
	set(headers: Record<string, string>): Response;
	json(body: unknown): Response;
	send(body: string): Response;
};

class HttpError extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

/**
 * As much of n8n as notifications meet: a server that hands them to the node's `webhook()` as
 * `WebhookHelpers.executeWebhook` and `WaitingWebhooks` do, runs what that starts or resumes through
 * n8n's engine, and keeps static data and executions in the form that its database gives back.
 */
export class N8n {
	readonly executions: Execution[] = [];

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

	/** Used in place of the node types that the tests have loaded. */
	private fresh: Record<string, INodeType> = {};

	private readonly workflows = new Map<string, { json: WorkflowJson; mode: WorkflowExecuteMode }>();

	private readonly server = http.createServer((request, response) => {
		void this.serve(request as Request, expressLike(response));
	});

	private constructor(readonly world: World) {}

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

	/** Executions that are over or running, without those that wait. */
	get started(): Execution[] {
		return this.executions.filter(({ status }) => status !== 'waiting');
	}

	/** Activates a workflow. @returns the production URL of its trigger */
	activate(json: WorkflowJson): string {
		return this.register('webhook', json, 'webhook');
	}

	/** "Listen for test event". @returns the test URL of the workflow's trigger */
	listen(json: WorkflowJson): string {
		return this.register('webhook-test', json, 'manual');
	}

	/** Forgets all that the nodes keep in the process's memory; the database stays. */
	restart(): void {
		jest.isolateModules(() => {
			// One n8n-workflow, as in n8n: the engine knows its errors by their class.
			jest.doMock('n8n-workflow', () => n8nWorkflow);
			const { SafePays } = jest.requireActual<typeof node>('../../nodes/SafePays/SafePays.node');
			const { SafePaysTrigger } = jest.requireActual<typeof triggerNode>('../../nodes/SafePays/SafePaysTrigger.node');
			this.fresh = {
				'n8n-nodes-safepays.safePays': new SafePays(),
				'n8n-nodes-safepays.safePaysTrigger': new SafePaysTrigger(),
			};
		});
		jest.dontMock('n8n-workflow');
	}

	/** Runs a workflow from its manual trigger until it ends or waits. */
	async run(json: WorkflowJson, items: IDataObject[], mode: WorkflowExecuteMode = 'trigger'): Promise<Execution> {
		const workflow = this.workflowOf(json);
		const execution = this.create(json, mode);
		const data = createRunExecutionData({
			executionData: {
				nodeExecutionStack: [
					{
						node: workflow.getStartNode() as INode,
						data: { main: [items.map((item) => ({ json: item }))] },
						source: null,
					},
				],
			},
		});
		this.go(execution, data);
		await execution.done;
		return execution;
	}

	/** Resolves when all executions have ended or wait. */
	async idle(): Promise<void> {
		await Promise.all(this.executions.map(async ({ done }) => await done));
	}

	/** Lets the time of a waiting execution run out, and resolves when it has ended. */
	async timeOut(execution: Execution): Promise<void> {
		execution.resumed++;
		this.go(execution, restored(execution));
		await execution.done;
	}

	/** The run data that n8n would show for an execution. */
	resultOf(execution: Execution): IRunExecutionData['resultData'] {
		return restored(execution).resultData;
	}

	/** What left a node in an execution, output by output. */
	outputsOf(execution: Execution, node = NODE_NAME): INodeExecutionData[][] {
		const main = this.resultOf(execution).runData[node]?.at(-1)?.data?.main ?? [];
		return main.map((output) => output ?? []);
	}

	/** The JSON that left a node by its first output. */
	itemsOf(execution: Execution, node = NODE_NAME): IDataObject[] {
		return (this.outputsOf(execution, node)[0] ?? []).map(({ json }) => json);
	}

	private register(prefix: string, json: WorkflowJson, mode: WorkflowExecuteMode): string {
		const trigger = json.nodes.find(({ webhookId }) => webhookId) as INode;
		const path = `/${prefix}/${trigger.webhookId}/webhook`;
		this.workflows.set(path, { json, mode });
		return `${this.world.baseUrl}${path}`;
	}

	private readonly nodeTypes: INodeTypes = {
		...nodeTypes,
		getByNameAndVersion: (name) =>
			name in this.fresh ? NodeHelpers.getVersionedNodeType(this.fresh[name]) : nodeTypes.getByNameAndVersion(name),
	};

	/** With the static data that the database has at this moment. */
	private workflowOf(json: WorkflowJson): Workflow {
		return new Workflow({
			id: this.world.workflowId ?? 'workflow',
			name: 'Test',
			nodes: structuredClone(json.nodes),
			connections: json.connections,
			active: true,
			nodeTypes: this.nodeTypes,
			staticData: JSON.parse(JSON.stringify(this.world.staticData ?? {})) as IDataObject,
			settings: { timezone: 'Europe/Berlin', ...json.settings },
		});
	}

	private create(json: WorkflowJson, mode: WorkflowExecuteMode): Execution {
		const id = String(++executions);
		const execution: Execution = { id, mode, json, status: 'new', resumed: 0, done: Promise.resolve() };
		this.executions.push(execution);
		return execution;
	}

	/** Lets an execution run, without waiting for its end. */
	private go(execution: Execution, data: IRunExecutionData): void {
		const workflow = this.workflowOf(execution.json);
		const additionalData = additionalDataFor(
			{ ...this.world, mode: execution.mode, executionId: execution.id },
			execution.json,
		);
		execution.status = 'running';
		execution.done = (async () => {
			const run = await new WorkflowExecute(additionalData, execution.mode, data).processRunExecutionData(workflow);
			if (execution.mode !== 'manual') this.saveStaticData(workflow);
			execution.data = stringify(run.data);
			execution.waitTill = run.waitTill ?? undefined;
			execution.status = run.status;
		})();
	}

	/** Written back whole, and only if it was changed: the last one wins. */
	private saveStaticData(workflow: Workflow): void {
		if (workflow.staticData.__dataChanged !== true) return;
		this.world.staticData = JSON.parse(JSON.stringify(workflow.staticData)) as IDataObject;
		workflow.staticData.__dataChanged = false;
	}

	private async serve(request: Request, response: Response): Promise<void> {
		try {
			const url = new URL(request.url ?? '/', this.world.baseUrl);
			request.query = Object.fromEntries(url.searchParams);
			request.params = {};
			request.body = await bodyOf(request);
			const waiting = /^\/webhook-waiting\/([^/]+)$/.exec(url.pathname)?.[1];
			if (waiting !== undefined) {
				await this.serveWaiting(waiting, url, request, response);
				return;
			}
			const registered = this.workflows.get(url.pathname);
			if (!registered || request.method !== 'POST') throw new HttpError(404, 'The requested webhook is not registered.');
			const workflow = this.workflowOf(registered.json);
			const node = Object.values(workflow.nodes).find(({ webhookId }) => webhookId) as INode;
			await this.execute(registered.json, workflow, node, registered.mode, request, response);
		} catch (error) {
			const { status, message } = error as Partial<HttpError>;
			response.status(status ?? 500).json({ code: status ?? 0, message });
		}
	}

	private async serveWaiting(id: string, url: URL, request: Request, response: Response): Promise<void> {
		const execution = this.executions.find((candidate) => candidate.id === id);
		if (!execution) throw new HttpError(404, `The execution "${id}" does not exist.`);
		if (execution.status === 'running' || !execution.data) {
			throw new HttpError(409, `The execution "${id}" is running already.`);
		}
		const data = restored(execution);
		if (url.searchParams.get('signature') !== data.resumeToken) {
			response.status(401).json({ error: 'Invalid token' });
			return;
		}
		if (execution.status !== 'waiting') throw new HttpError(409, `The execution "${id} has finished already.`);
		const { lastNodeExecuted } = data.resultData;
		const [entry] = data.executionData?.nodeExecutionStack ?? [];
		entry.node.disabled = true;
		data.waitTill = undefined;
		data.resultData.runData[lastNodeExecuted as string].pop();
		const workflow = this.workflowOf(execution.json);
		const node = workflow.getNode(lastNodeExecuted as string) as INode;
		await this.execute(execution.json, workflow, node, execution.mode, request, response, { execution, data });
	}

	private async execute(
		json: WorkflowJson,
		workflow: Workflow,
		node: INode,
		mode: WorkflowExecuteMode,
		request: Request,
		response: Response,
		waiting?: { execution: Execution; data: IRunExecutionData },
	): Promise<void> {
		let answered = false;
		let result: IWebhookResponseData;
		try {
			result = await this.runWebhook(json, workflow, node, mode, request, response, waiting);
		} catch (error) {
			this.crashes.push(error);
			response.status(500).json({ code: 0, message: 'Workflow Webhook Error: Workflow could not be started!' });
			answered = true;
			result = { noWebhookResponse: true, workflowData: [[{ json: {} }]] };
		}
		const save = () => {
			if (!waiting && mode !== 'manual') this.saveStaticData(workflow);
		};
		if (result.noWebhookResponse && !answered) {
			save();
			answered = true;
		}
		if (result.workflowData) {
			try {
				await this.begin(json, node, mode, result.workflowData, waiting);
			} catch {
				if (!answered) throw new HttpError(500, 'There was a problem executing the workflow');
			}
		}
		if (answered) return;
		save();
		const { webhookResponse = { message: 'Workflow was started' } } = result as { webhookResponse?: unknown };
		if (typeof webhookResponse === 'string') response.send(webhookResponse);
		else response.json(webhookResponse);
	}

	private async runWebhook(
		json: WorkflowJson,
		workflow: Workflow,
		node: INode,
		mode: WorkflowExecuteMode,
		request: Request,
		response: Response,
		waiting?: { execution: Execution; data: IRunExecutionData },
	): Promise<IWebhookResponseData> {
		const additionalData = additionalDataFor({ ...this.world, mode, executionId: waiting?.execution.id ?? 'none' }, json);
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
		const context = new WebhookContext(workflow, node, additionalData, mode, webhookData, [], waiting?.data ?? null);
		const write = (...words: unknown[]) => this.log.push(words.map(String).join(' '));
		Object.defineProperty(context, 'logger', { value: { debug: write, info: write, warn: write, error: write } });
		this.meddle?.(context);
		if (!nodeType.webhook) throw new Error('The node has no webhook');
		return await nodeType.webhook.call(context);
	}

	private async begin(
		json: WorkflowJson,
		node: INode,
		mode: WorkflowExecuteMode,
		workflowData: INodeExecutionData[][],
		waiting?: { execution: Execution; data: IRunExecutionData },
	): Promise<void> {
		await this.beforeStart?.();
		if (!waiting) {
			const nodeExecutionStack = [{ node, data: { main: workflowData }, source: null }];
			this.go(this.create(json, mode), createRunExecutionData({ executionData: { nodeExecutionStack } }));
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

function restored({ data }: Execution): IRunExecutionData {
	return parse(data ?? '') as IRunExecutionData;
}

function expressLike(raw: http.ServerResponse): Response {
	const response: Response = Object.assign(raw, {
		locals: {},
		status: (code: number) => {
			response.statusCode = code;
			return response;
		},
		set: (headers: Record<string, string>) => {
			for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
			return response;
		},
		json: (body: unknown) => {
			response.setHeader('Content-Type', 'application/json; charset=utf-8');
			response.end(JSON.stringify(body));
			return response;
		},
		send: (body: string) => {
			response.end(body);
			return response;
		},
	});
	return response;
}

/** As n8n's body parser: undefined for a type that it does not parse. @throws HttpError 422 */
async function bodyOf(request: Request): Promise<unknown> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	const text = Buffer.concat(chunks).toString();
	if (text === '') return undefined;
	switch ((request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()) {
		case 'application/json':
			try {
				return JSON.parse(text);
			} catch {
				throw new HttpError(422, 'Failed to parse request body');
			}
		case 'application/x-www-form-urlencoded':
			return querystring.parse(text, undefined, undefined, { maxKeys: 1000 });
		case 'text/plain':
			return text;
		default:
			return undefined;
	}
}

export interface Answer {
	status: number;
	headers: http.IncomingHttpHeaders;
	/** Parsed if it was JSON. */
	body: unknown;
	/** Milliseconds until it was there. */
	ms: number;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1000 });

/** A sender waits this long. */
export const PATIENCE_MS = 10_000;

/**
 * Posts a notification as SafePays, or somebody who is not, would.
 *
 * @param body an object is sent as JSON, a string or undefined as it is
 * @throws Error if the answer takes longer than a sender waits
 */
export async function post(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
	const start = performance.now();
	const sent = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
	return await new Promise<Answer>((resolve, reject) => {
		const request = http.request(url, {
			method: 'POST',
			agent,
			headers: { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(sent)), ...headers },
			timeout: PATIENCE_MS,
		});
		request.on('timeout', () => request.destroy(new Error(`No answer within ${PATIENCE_MS} ms`)));
		request.on('error', reject);
		request.on('response', (response) => {
			let text = '';
			response.setEncoding('utf8');
			response.on('data', (chunk: string) => (text += chunk));
			response.on('error', reject);
			response.on('end', () => {
				const answer = { status: response.statusCode ?? 0, headers: response.headers, ms: performance.now() - start };
				resolve({ ...answer, body: parsed(text) });
			});
		});
		request.end(sent);
	});
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}
