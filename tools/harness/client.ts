import { parse } from 'flatted';
import type { IDataObject, INodeExecutionData, INodeTypeDescription, IRun } from 'n8n-workflow';
import { randomUUID } from 'node:crypto';

import { eventually } from './eventually';
import { activate, n8nIsBefore, unlessNotSavedYet } from './olderN8n';
import { triggerPath, type NodeJson, type WorkflowJson } from './workflow';

/** Of a fresh n8n in tests; there is nothing behind it to protect. */
export const OWNER = {
	email: 'owner@safepays.example',
	// n8n wants 8 to 64 characters with a number and an upper-case letter
	password: 'SafePays-sandbox-1',
	firstName: 'Sandy',
	lastName: 'Box',
};

export interface CredentialInput {
	name: string;
	type: string;
	data: Record<string, unknown>;
}

export interface StoredCredential {
	id: string;
	name: string;
	type: string;
}

export interface StoredWorkflow extends WorkflowJson {
	id: string;
	versionId: string;
	active: boolean;
}

export type ExecutionStatus =
	| 'canceled'
	| 'crashed'
	| 'error'
	| 'new'
	| 'running'
	| 'success'
	| 'unknown'
	| 'waiting';

export interface ExecutionSummary {
	id: string;
	status: ExecutionStatus;
	mode: string;
	workflowId: string;
	startedAt?: string;
}

/** Which executions a list holds; `lastId` leaves out those with that ID and higher ones. */
interface ExecutionFilter {
	workflowId?: string;
	status?: ExecutionStatus[];
	startedBefore?: string;
	lastId?: string;
}

export interface Execution extends ExecutionSummary {
	/** What each node put out, and the error that ended it. */
	data: IRun['data'];
}

/** Nothing more comes of an execution then. */
export const ENDED: ExecutionStatus[] = ['success', 'error', 'canceled', 'crashed'];

/** An answer of n8n's REST API other than 2xx. */
export class N8nError extends Error {
	constructor(
		readonly status: number,
		request: string,
		message: string,
	) {
		super(`${request}: ${status} ${message}`);
	}
}

/**
 * n8n's internal REST API, which its editor uses, for one signed-in user. Every call rejects with an
 * `N8nError` when n8n refuses it.
 */
export class N8nClient {
	/** Is told every answer, also of calls that are refused: `GET /settings`, its headers and its text. */
	onAnswer?: (request: string, answer: string) => void;

	/** Names the editor that runs are pushed to (see `listen`). */
	private pushRef?: string;

	constructor(
		readonly url: string,
		/** The session cookie of a client that has signed in; n8n allows 5 logins a minute. */
		public cookie?: string,
		/** The address of the process that serves webhooks: in queue mode another one. */
		readonly webhookUrl = url,
	) {}

	/** Creates the first user of a fresh n8n and signs in. */
	async setupOwner(): Promise<void> {
		await this.post('/owner/setup', OWNER);
	}

	/** Signs in. */
	async login(): Promise<void> {
		await this.post('/login', { emailOrLdapLoginId: OWNER.email, password: OWNER.password });
	}

	/** Whether this n8n has no user yet. */
	async needsOwner(): Promise<boolean> {
		const settings = await this.get<{ userManagement: { showSetupOnFirstLoad: boolean } }>(
			'/settings',
		);
		return settings.userManagement.showSetupOnFirstLoad;
	}

	async createCredential(credential: CredentialInput): Promise<StoredCredential> {
		return await this.post('/credentials', credential);
	}

	/** Creates a credential for a sandbox. */
	async createSandboxCredential(
		{ apiKey, url }: { apiKey: string; url: string },
		name = 'SafePays sandbox',
	): Promise<StoredCredential> {
		return await this.createCredential({
			name,
			type: 'safePaysApi',
			data: { apiKey, baseUrl: url },
		});
	}

	/** Replaces a credential's name and data. */
	async updateCredential(id: string, credential: CredentialInput): Promise<StoredCredential> {
		return await this.request('PATCH', `/credentials/${id}`, credential);
	}

	async listCredentials(): Promise<StoredCredential[]> {
		return await this.get('/credentials');
	}

	/** Runs a stored credential's test, as its "Retry" button does. */
	async testCredential({
		id,
		name,
		type,
	}: StoredCredential): Promise<{ status: 'OK' | 'Error'; message: string }> {
		// as the editor does: secrets come blanked out, and n8n puts the stored ones back in
		const data = await this.getCredentialData(id);
		return await this.post('/credentials/test', { credentials: { id, name, type, data } });
	}

	/** What a credential holds, with its secrets blanked out. */
	async getCredentialData(id: string): Promise<Record<string, unknown>> {
		const { data } = await this.get<{ data: Record<string, unknown> }>(
			`/credentials/${id}?includeData=true`,
		);
		return data;
	}

	async createWorkflow(workflow: WorkflowJson): Promise<StoredWorkflow> {
		// whatever an exported file says; n8n 1 wants to be told
		return await this.post('/workflows', { ...workflow, active: false });
	}

	async getWorkflow(id: string): Promise<StoredWorkflow> {
		return await this.get(`/workflows/${id}`);
	}

	async listWorkflows(): Promise<Array<Pick<StoredWorkflow, 'id'>>> {
		return await this.get('/workflows');
	}

	/** Saves a new version. An active workflow goes on with the old one until it is activated again. */
	async updateWorkflow(id: string, changes: Partial<WorkflowJson>): Promise<StoredWorkflow> {
		return await this.request('PATCH', `/workflows/${id}`, changes);
	}

	/**
	 * Activates the version of a workflow that was saved last, and waits until n8n answers at its
	 * webhooks.
	 */
	async activate({ id }: { id: string }): Promise<void> {
		const workflow = await this.getWorkflow(id);
		await activate(this, workflow);
		for (const path of webhookPaths(workflow.nodes)) await this.waitForWebhook(path);
	}

	async deactivate({ id }: { id: string }): Promise<void> {
		await this.post(`/workflows/${id}/deactivate`, {});
	}

	/**
	 * Resolves once something is registered at `<n8n>/webhook/<path>`. Starts no execution: n8n
	 * answers this request itself.
	 *
	 * @param at another process's address
	 */
	async waitForWebhook(path: string, at = this.webhookUrl): Promise<void> {
		const look = async () => {
			const response = await fetch(`${at}/webhook/${path}`, {
				method: 'OPTIONS',
				headers: { origin: at },
			});
			const methods = response.headers.get('access-control-allow-methods') ?? '';
			return methods.split(', ').some((method) => method && method !== 'OPTIONS') || undefined;
		};
		await eventually(`the webhook ${path} to be registered`, look);
	}

	/**
	 * Runs a workflow from its manual trigger, as the editor's button does.
	 *
	 * @param trigger the name of the node to start from
	 * @returns the execution's ID
	 */
	async runWorkflow(id: string, trigger = 'Start'): Promise<string> {
		const { executionId } = await this.post<{ executionId: string }>(`/workflows/${id}/run`, {
			// n8n 1 wants it handed back
			workflowData: await this.getWorkflow(id),
			triggerToStartFrom: { name: trigger },
		});
		return executionId;
	}

	/** Runs a workflow by hand and returns its execution once that has ended or waits. */
	async runAndWait(
		id: string,
		options: { trigger?: string; timeout?: number } = {},
	): Promise<Execution> {
		const executionId = await this.runWorkflow(id, options.trigger);
		return await this.waitForExecution(executionId, { until: 'settled', timeout: options.timeout });
	}

	/** An execution with all its data. */
	async getExecution(id: string): Promise<Execution> {
		const execution = await this.findExecution(id);
		if (!execution) throw new Error(`n8n keeps no execution ${id}`);
		return execution;
	}

	/** The same, or undefined for one that n8n does not keep, as those of the table of unique keys. */
	async findExecution(id: string): Promise<Execution | undefined> {
		const execution = await this.get<(Omit<Execution, 'data'> & { data: string }) | undefined>(
			`/executions/${id}`,
		);
		return execution && { ...execution, data: parse(execution.data) as IRun['data'] };
	}

	/**
	 * Resolves with an execution once it has come so far.
	 *
	 * @param options `until`: `finished` (ended, however; the default), `waiting`, or `settled` (either);
	 *   `timeout` in milliseconds (30 s unless given)
	 */
	async waitForExecution(
		id: string,
		{
			until = 'finished',
			timeout = 30_000,
		}: { until?: 'finished' | 'waiting' | 'settled'; timeout?: number } = {},
	): Promise<Execution> {
		const wanted: ExecutionStatus[] = [
			...(until === 'waiting' ? [] : ENDED),
			...(until === 'finished' ? [] : (['waiting'] as const)),
		];
		let last: Execution | undefined;
		return await eventually(
			() => `execution ${id} to be ${until} (it is ${last?.status ?? 'not there'})`,
			async () => {
				last = await unlessNotSavedYet(this.getExecution(id));
				if (!last) return undefined;
				if (until === 'waiting' && ENDED.includes(last.status)) {
					throw new Error(
						`execution ${id} ended with ${last.status} instead of waiting: ${last.data.resultData.error?.message ?? ''}`,
					);
				}
				return wanted.includes(last.status) ? last : undefined;
			},
			timeout,
		);
	}

	/** Executions without their data, the newest first; at most 100. */
	async listExecutions({ lastId, ...filter }: ExecutionFilter = {}): Promise<ExecutionSummary[]> {
		const query = new URLSearchParams({ filter: JSON.stringify(filter), limit: '100' });
		if (lastId) query.set('lastId', lastId);
		const { results } = await this.get<{ results: ExecutionSummary[] }>(
			`/executions?${query.toString()}`,
		);
		return results;
	}

	/** The IDs of all executions so far: n8n numbers them one after the other, and lists them by their start. */
	async listExecutionIds(): Promise<string[]> {
		const newest = (await this.listExecutions()).map(({ id }) => Number(id));
		return Array.from({ length: Math.max(0, ...newest) }, (_, index) => String(index + 1));
	}

	/** All executions of a workflow that have ended or wait, however many, without their data. */
	async listSettledExecutions(workflowId: string): Promise<ExecutionSummary[]> {
		const status: ExecutionStatus[] = [...ENDED, 'waiting'];
		// n8n 2.41 sorts this list by the start and refuses IDs, older ones sort by ID
		const goesById = n8nIsBefore('2.41.0');
		const all = new Map<string, ExecutionSummary>();
		let next: ExecutionFilter = {};
		for (let known = -1; all.size > known; ) {
			known = all.size;
			const page = await this.listExecutions({ workflowId, status, ...next });
			for (const execution of page) all.set(execution.id, execution);
			const last = page.at(-1);
			if (last) next = goesById ? { lastId: last.id } : { startedBefore: last.startedAt };
		}
		return [...all.values()];
	}

	/** Resolves with them once there are `count`, oldest first. */
	async waitForSettled(
		workflowId: string,
		count: number,
		timeout = 30_000,
	): Promise<ExecutionSummary[]> {
		let seen = 0;
		return await eventually(
			() => `${count} executions of workflow ${workflowId} (there are ${seen})`,
			async () => {
				const settled = await this.listSettledExecutions(workflowId);
				seen = settled.length;
				return seen >= count ? settled.reverse() : undefined;
			},
			timeout,
		);
	}

	/** The same, with their data. */
	async waitForExecutions(
		workflowId: string,
		count: number,
		timeout?: number,
	): Promise<Execution[]> {
		const settled = await this.waitForSettled(workflowId, count, timeout);
		return await Promise.all(
			settled.map(async ({ id }) => await this.waitForExecution(id, { until: 'settled' })),
		);
	}

	/**
	 * Retries a failed execution, as the executions list does, and returns once the new one has ended.
	 *
	 * @returns the new execution's ID
	 */
	async retryExecution(id: string): Promise<string> {
		const retried = await this.post<{ id: string }>(`/executions/${id}/retry`, {});
		return retried.id;
	}

	async stopExecution(id: string): Promise<void> {
		await this.post(`/executions/${id}/stop`, {});
	}

	/** The descriptions of node types as the editor gets them; one that n8n does not know is an `N8nError`. */
	async getNodeTypes(names: string[]): Promise<INodeTypeDescription[]> {
		const nodeInfos = names.map((name) => ({ name, version: 1 }));
		return await this.post('/node-types', { nodeInfos });
	}

	/**
	 * Receives what n8n pushes to an open editor while workflows are run by hand, as `onAnswer` is told
	 * it. n8n has to be started with `N8N_PUSH_BACKEND=sse`.
	 *
	 * @returns ends it
	 */
	async listen(): Promise<() => Promise<void>> {
		this.pushRef = randomUUID();
		const path = `/push?pushRef=${this.pushRef}`;
		const end = new AbortController();
		const { body, ok, status } = await fetch(`${this.url}/rest${path}`, {
			headers: { cookie: this.cookie ?? '', origin: this.url },
			signal: end.signal,
		});
		if (!ok || !body) throw new N8nError(status, `GET ${path}`, 'nothing to listen to');
		const reader = body.pipeThrough(new TextDecoderStream()).getReader();
		const received = (async () => {
			let text = '';
			for (let part = await reader.read(); !part.done; part = await reader.read()) {
				const messages = `${text}${part.value}`.split('\n\n');
				text = messages.pop() ?? '';
				for (const message of messages) this.onAnswer?.('push', message);
			}
		})().catch(() => undefined);
		return async () => {
			end.abort();
			await received;
		};
	}

	/** GET of any REST path, such as `/settings`. */
	async get<T>(path: string): Promise<T> {
		return await this.request('GET', path);
	}

	/** POST to any REST path. */
	async post<T>(path: string, body: object): Promise<T> {
		return await this.request('POST', path, body);
	}

	/** The rows of a data table, of whatever project, whose column has this value. */
	async listTableRows(table: string, column: string, value: string): Promise<IDataObject[]> {
		const { data } = await this.get<{ data: IDataObject[] }>(
			`${await this.findTableRows(table)}?${filterBy(column, value)}`,
		);
		return data;
	}

	/** Deletes them, as a user does under "Data tables". */
	async deleteTableRows(table: string, column: string, value: string): Promise<void> {
		const rows = await this.findTableRows(table);
		await this.request('DELETE', `${rows}?${filterBy(column, value)}`);
	}

	private async findTableRows(name: string): Promise<string> {
		const { data } = await this.get<{ data: Array<Record<'id' | 'name' | 'projectId', string>> }>(
			'/data-tables-global',
		);
		const table = data.find((one) => one.name === name);
		if (!table) throw new Error(`There is no data table "${name}"`);
		return `/projects/${table.projectId}/data-tables/${table.id}/rows`;
	}

	private async request<T>(method: string, path: string, body?: object): Promise<T> {
		const response = await fetch(`${this.url}/rest${path}`, {
			method,
			headers: {
				...(this.cookie && { cookie: this.cookie }),
				...(this.pushRef && { 'push-ref': this.pushRef }),
				...(body && { 'content-type': 'application/json' }),
			},
			body: body && JSON.stringify(body),
		});
		const session = response.headers
			.getSetCookie()
			.find((cookie) => cookie.startsWith('n8n-auth='));
		if (session) this.cookie = session.split(';')[0];

		const text = await response.text();
		this.onAnswer?.(`${method} ${path}`, `${formatHeaders(response)}\n${text}`);
		if (!response.ok) throw new N8nError(response.status, `${method} ${path}`, readMessage(text));
		// the answer's shape is n8n's; each caller names the part of it that is used
		const answer = (text ? JSON.parse(text) : {}) as { data: T };
		return answer.data;
	}
}

function filterBy(columnName: string, value: string): string {
	const filter = { type: 'and', filters: [{ columnName, condition: 'eq', value }] };
	return new URLSearchParams({ filter: JSON.stringify(filter) }).toString();
}

/** The items' `json` that a node put out in its last run; none if it did not run. */
export function getItems(execution: Execution, nodeName: string): IDataObject[] {
	return (getOutput(execution, nodeName) ?? []).map((item) => item.json);
}

/** Like `getItems`, but whole items (with `pairedItem`), and undefined for a node that did not run. */
export function getOutput(
	execution: Execution,
	nodeName: string,
	output = 0,
): INodeExecutionData[] | undefined {
	const task = execution.data.resultData.runData[nodeName]?.at(-1);
	return task && (task.data?.main[output] ?? []);
}

/** The error that a node ended with, or undefined. */
export function getError(
	execution: Execution,
	nodeName: string,
):
	| { message: string; description?: string | null; httpCode?: string | null; name: string }
	| undefined {
	return execution.data.resultData.runData[nodeName]?.at(-1)?.error;
}

function webhookPaths(nodes: NodeJson[]): string[] {
	return nodes.flatMap(({ type, parameters, webhookId, disabled }) => {
		if (disabled || !webhookId) return [];
		if (type === 'n8n-nodes-safepays.safePaysTrigger') return [triggerPath({ parameters })];
		if (type === 'n8n-nodes-base.webhook') return [String(parameters.path)];
		if (type === 'n8n-nodes-base.formTrigger') return [webhookId];
		if (type === '@n8n/n8n-nodes-langchain.chatTrigger') return [`${webhookId}/chat`];
		return [];
	});
}

function formatHeaders({ headers }: Response): string {
	return [...headers].map(([name, value]) => `${name}: ${value}`).join('\n');
}

function readMessage(text: string): string {
	try {
		return (JSON.parse(text) as { message?: string }).message ?? text;
	} catch {
		return text.slice(0, 200);
	}
}
