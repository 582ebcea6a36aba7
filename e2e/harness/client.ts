import { parse } from 'flatted';
import type { IDataObject, INodeExecutionData, INodeTypeDescription, IRun } from 'n8n-workflow';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NodeJson, WorkflowJson } from './workflow';

export interface Owner {
	email: string;
	/** n8n wants 8 to 64 characters with a number and an upper-case letter. */
	password: string;
	firstName: string;
	lastName: string;
}

/** Of a fresh n8n in tests; there is nothing behind it to protect. */
export const OWNER: Owner = {
	email: 'owner@safepays.example',
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
	isArchived: boolean;
}

export type ExecutionStatus =
	'canceled' | 'crashed' | 'error' | 'new' | 'running' | 'success' | 'unknown' | 'waiting';

export interface ExecutionSummary {
	id: string;
	status: ExecutionStatus;
	mode: string;
	workflowId: string;
	startedAt?: string;
	stoppedAt?: string;
	waitTill?: string | null;
	retryOf?: string | null;
}

export interface Execution extends ExecutionSummary {
	finished: boolean;
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
	async setupOwner(owner: Owner = OWNER): Promise<void> {
		await this.post('/owner/setup', owner);
	}

	/** Signs in. */
	async login({ email, password }: Pick<Owner, 'email' | 'password'> = OWNER): Promise<void> {
		await this.post('/login', { emailOrLdapLoginId: email, password });
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

	/** Replaces a credential's name and data. */
	async updateCredential(id: string, credential: CredentialInput): Promise<StoredCredential> {
		return await this.request('PATCH', `/credentials/${id}`, credential);
	}

	async listCredentials(): Promise<StoredCredential[]> {
		return await this.get('/credentials');
	}

	/**
	 * Runs a stored credential's test, as its "Retry" button does.
	 *
	 * @param unsaved tested instead of what is stored
	 */
	async testCredential(
		{ id, name, type }: StoredCredential,
		unsaved?: Record<string, unknown>,
	): Promise<{ status: 'OK' | 'Error'; message: string }> {
		// as the editor does: secrets come blanked out, and n8n puts the stored ones back in
		const data = unsaved ?? (await this.getCredentialData(id));
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

	async listWorkflows(): Promise<
		Array<Pick<StoredWorkflow, 'id' | 'name' | 'active' | 'isArchived'>>
	> {
		return await this.get('/workflows');
	}

	/** Saves a new version. An active workflow goes on with the old one until it is activated again. */
	async updateWorkflow(id: string, changes: Partial<WorkflowJson>): Promise<StoredWorkflow> {
		return await this.request('PATCH', `/workflows/${id}`, changes);
	}

	/** Deletes a workflow, its executions and what it kept. */
	async deleteWorkflow(id: string): Promise<void> {
		// n8n refuses to delete what has not been archived
		await this.post(`/workflows/${id}/archive`, {});
		await this.request('DELETE', `/workflows/${id}`);
	}

	/**
	 * Activates the version of a workflow that was saved last, and waits until n8n answers at its
	 * webhooks.
	 *
	 * @param options `at`: the address to wait at; the client's webhook URL unless given
	 */
	async activate({ id }: { id: string }, options: { at?: string } = {}): Promise<StoredWorkflow> {
		const { versionId } = await this.getWorkflow(id);
		const workflow = await this.post<StoredWorkflow>(`/workflows/${id}/activate`, { versionId });
		for (const path of webhookPaths(workflow.nodes)) await this.waitForWebhook(path, options);
		return workflow;
	}

	async deactivate({ id }: { id: string }): Promise<void> {
		await this.post(`/workflows/${id}/deactivate`, {});
	}

	/**
	 * Resolves once something is registered at `<n8n>/webhook/<path>`. Starts no execution: n8n
	 * answers this request itself.
	 *
	 * @param options `timeout` in milliseconds (20 s unless given); `at`: another process's address
	 */
	async waitForWebhook(
		path: string,
		{ timeout = 20_000, at = this.webhookUrl }: { timeout?: number; at?: string } = {},
	): Promise<void> {
		await poll(timeout, `the webhook ${path} to be registered`, async () => {
			const response = await fetch(`${at}/webhook/${path}`, {
				method: 'OPTIONS',
				headers: { origin: at },
			});
			const methods = response.headers.get('access-control-allow-methods') ?? '';
			return methods.split(', ').some((method) => method && method !== 'OPTIONS') || undefined;
		});
	}

	/**
	 * Runs a workflow from its manual trigger, as the editor's button does.
	 *
	 * @param trigger the name of the node to start from
	 * @returns the execution's ID
	 */
	async runWorkflow(id: string, trigger = 'Start'): Promise<string> {
		const answer = await this.startRun(id, trigger);
		if (!answer.executionId) throw new Error(`"${trigger}" waits for a webhook: see listenForTest`);
		return answer.executionId;
	}

	/** Waits for one test event at a trigger's test URL (`<n8n>/webhook-test/<path>`), as the editor does. */
	async listenForTest(id: string, trigger: string): Promise<void> {
		const answer = await this.startRun(id, trigger);
		if (!answer.waitingForWebhook) throw new Error(`"${trigger}" did not wait for a webhook`);
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
		const execution = await this.get<Omit<Execution, 'data'> & { data: string }>(
			`/executions/${id}`,
		);
		return { ...execution, data: parse(execution.data) as IRun['data'] };
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
		return await poll(
			timeout,
			() => `execution ${id} to be ${until} (it is ${last?.status ?? 'not there'})`,
			async () => {
				last = await this.getExecution(id).catch(unlessNotSavedYet);
				if (!last) return undefined;
				if (until === 'waiting' && ENDED.includes(last.status)) {
					throw new Error(
						`execution ${id} ended with ${last.status} instead of waiting: ${last.data.resultData.error?.message ?? ''}`,
					);
				}
				return wanted.includes(last.status) ? last : undefined;
			},
		);
	}

	/** Executions without their data, the newest first; at most 100. */
	async listExecutions(
		filter: { workflowId?: string; status?: ExecutionStatus[] } = {},
	): Promise<ExecutionSummary[]> {
		const query = new URLSearchParams({ filter: JSON.stringify(filter), limit: '100' });
		const { results } = await this.get<{ results: ExecutionSummary[] }>(
			`/executions?${query.toString()}`,
		);
		return results;
	}

	/** All executions of a workflow that have ended or wait, however many, without their data. */
	async listSettledExecutions(workflowId: string): Promise<ExecutionSummary[]> {
		const filter = JSON.stringify({ workflowId, status: [...ENDED, 'waiting'] });
		const all: ExecutionSummary[] = [];
		let cursor: string | null = null;
		do {
			const query = new URLSearchParams({ filter, limit: '100', ...(cursor && { cursor }) });
			const page: { results: ExecutionSummary[]; nextCursor: string | null } = await this.get(
				`/executions?${query.toString()}`,
			);
			all.push(...page.results);
			cursor = page.nextCursor;
		} while (cursor);
		return all;
	}

	/**
	 * Resolves with a workflow's executions, oldest first and with their data, once there are `count`
	 * that have ended or wait.
	 *
	 * @param options `timeout` in milliseconds (30 s unless given)
	 */
	async waitForExecutions(
		workflowId: string,
		count: number,
		{ timeout = 30_000 }: { timeout?: number } = {},
	): Promise<Execution[]> {
		let seen = 0;
		const settled = await poll(
			timeout,
			() => `${count} executions of workflow ${workflowId} (there are ${seen})`,
			async () => {
				const all = await this.listExecutions({ workflowId });
				const done = all.filter(({ status }) => [...ENDED, 'waiting'].includes(status));
				seen = done.length;
				return done.length >= count ? done.reverse() : undefined;
			},
		);
		return await Promise.all(settled.map(async ({ id }) => await this.getExecution(id)));
	}

	/**
	 * Retries a failed execution, as the executions list does, and returns once the new one has ended.
	 *
	 * @param options `loadWorkflow`: with the workflow as it is saved now instead of as it was then
	 * @returns the new execution's ID
	 */
	async retryExecution(id: string, options: { loadWorkflow?: boolean } = {}): Promise<string> {
		const retried = await this.post<{ id: string }>(`/executions/${id}/retry`, options);
		return retried.id;
	}

	async stopExecution(id: string): Promise<void> {
		await this.post(`/executions/${id}/stop`, {});
	}

	/** The descriptions of node types as the editor gets them; one that n8n does not know is an `N8nError`. */
	async getNodeTypes(names: string[], version = 1): Promise<INodeTypeDescription[]> {
		return await this.post('/node-types', { nodeInfos: names.map((name) => ({ name, version })) });
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

	private async startRun(
		id: string,
		trigger: string,
	): Promise<{ executionId?: string; waitingForWebhook?: boolean }> {
		return await this.post(`/workflows/${id}/run`, {
			// n8n 1 wants it handed back
			workflowData: await this.getWorkflow(id),
			triggerToStartFrom: { name: trigger },
		});
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
		this.onAnswer?.(`${method} ${path}`, `${headersOf(response)}\n${text}`);
		if (!response.ok) throw new N8nError(response.status, `${method} ${path}`, messageIn(text));
		// the answer's shape is n8n's; each caller names the part of it that is used
		const answer = (text ? JSON.parse(text) : {}) as { data: T };
		return answer.data;
	}
}

/** The items' `json` that a node put out, in its last run unless `run` says otherwise; none if it did not run. */
export function itemsOf(
	execution: Execution,
	nodeName: string,
	output = 0,
	run = -1,
): IDataObject[] {
	return (executionItemsOf(execution, nodeName, output, run) ?? []).map((item) => item.json);
}

/** Like `itemsOf`, but whole items (with `pairedItem`), and undefined for a node that did not run. */
export function executionItemsOf(
	execution: Execution,
	nodeName: string,
	output = 0,
	run = -1,
): INodeExecutionData[] | undefined {
	const task = execution.data.resultData.runData[nodeName]?.at(run);
	return task && (task.data?.main[output] ?? []);
}

/** The error that a node ended with, or undefined. */
export function errorOf(
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
		if (type === 'n8n-nodes-safepays.safePaysTrigger') return [`${webhookId}/webhook`];
		if (type === 'n8n-nodes-base.webhook') return [String(parameters.path)];
		if (type === 'n8n-nodes-base.formTrigger') return [webhookId];
		if (type === '@n8n/n8n-nodes-langchain.chatTrigger') return [`${webhookId}/chat`];
		return [];
	});
}

function headersOf({ headers }: Response): string {
	const lines: string[] = [];
	headers.forEach((value, name) => lines.push(`${name}: ${value}`));
	return lines.join('\n');
}

/** n8n 2.20, say, answers so for the moment between starting an execution and saving its data. */
function unlessNotSavedYet(error: unknown): undefined {
	const notSaved = error instanceof N8nError && error.message.includes("reading 'resultData'");
	if (!notSaved) throw error;
}

function messageIn(text: string): string {
	try {
		return (JSON.parse(text) as { message?: string }).message ?? text;
	} catch {
		return text.slice(0, 200);
	}
}

async function poll<T>(
	timeout: number,
	waitingFor: string | (() => string),
	attempt: () => Promise<T | undefined>,
): Promise<T> {
	const deadline = Date.now() + timeout;
	for (;;) {
		const result = await attempt();
		if (result !== undefined) return result;
		if (Date.now() > deadline) {
			const what = typeof waitingFor === 'string' ? waitingFor : waitingFor();
			throw new Error(`Waited ${timeout} ms for ${what}`);
		}
		await sleep(100);
	}
}
