import './quiet';

import { parse, stringify } from 'flatted';
import { ExecutionLifecycleHooks, WorkflowExecute, DataDeduplicationService } from 'n8n-core';
import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteWorkflowInfo,
	IHttpRequestOptions,
	INode,
	INodeExecutionData,
	INodeType,
	INodeTypes,
	IRun,
	IRunExecutionData,
	IVersionedNodeType,
	IWorkflowBase,
	IWorkflowExecuteAdditionalData,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { createRunExecutionData, NodeConnectionTypes, NodeHelpers, Workflow } from 'n8n-workflow';

import { SafePaysApi } from '../../credentials/SafePaysApi.credentials';
import { SafePays } from '../../nodes/SafePays/SafePays.node';
import { SafePaysTrigger } from '../../nodes/SafePays/SafePaysTrigger.node';
import { DataTables } from './dataTables';
import { ProcessedData } from './processedData';

export const NODE_NAME = 'SafePays';

export type WorkflowJson = Pick<IWorkflowBase, 'nodes' | 'connections' | 'settings'>;

/** n8n's Manual Trigger, which hands on what it is pinned with. */
const manualTrigger: INodeType = {
	description: {
		displayName: 'Manual Trigger',
		name: 'manualTrigger',
		group: ['trigger'],
		version: 1,
		description: '',
		defaults: {},
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		properties: [],
	},
	async execute() {
		return [this.getInputData()];
	},
};

/** Hands its items on, so that what leaves the node before it can be seen. */
const noOp: INodeType = {
	description: { ...manualTrigger.description, name: 'noOp', inputs: [NodeConnectionTypes.Main] },
	async execute() {
		return [this.getInputData()];
	},
};

const NODE_TYPES: Record<string, INodeType> = {
	'n8n-nodes-base.manualTrigger': manualTrigger,
	'n8n-nodes-base.noOp': noOp,
	'n8n-nodes-safepays.safePays': new SafePays(),
	// n8n makes it of the node by itself; what a model is offered of it is tested in a real n8n.
	'n8n-nodes-safepays.safePaysTool': new SafePays(),
	'n8n-nodes-safepays.safePaysTrigger': new SafePaysTrigger(),
};

export const nodeTypes: INodeTypes = {
	getByName: (name) => NODE_TYPES[name] as INodeType | IVersionedNodeType,
	getByNameAndVersion: (name) => NodeHelpers.getVersionedNodeType(NODE_TYPES[name]),
	getKnownTypes: () => ({}),
};

/** Keeps n8n's database of processed data in memory; one for all tests of a file. */
export const processedData = new ProcessedData();
void DataDeduplicationService.init(processedData);

/** Keeps n8n's data tables in memory; one project's for all tests of a file. */
export const dataTables = new DataTables();

export interface World {
	/** The data of the one SafePays credential. */
	credentials: ICredentialDataDecryptedObject;
	/** `manual` (a test execution) unless told otherwise. */
	mode?: WorkflowExecuteMode;
	/** Kept from one run to the next: what n8n keeps with the workflow. */
	staticData?: IDataObject;
	workflowId?: string;
	executionId?: string;
	/** Where n8n believes to be reached. */
	baseUrl?: string;
}

export interface Executed {
	run: IRun;
	/** What left the SafePays node: main output, error output. */
	outputs: INodeExecutionData[][];
	/** The JSON of the main output's items. */
	items: IDataObject[];
	/** The JSON of the error output's items. */
	errorItems: IDataObject[];
	/** The error that ended the execution. */
	error?: Error & {
		description?: string | null;
		httpCode?: string;
		context?: IDataObject;
	};
	hints: string[];
	/** All that n8n would save of this execution. */
	saved: string;
}

let executions = 0;

/** What n8n gives to everything that runs: credentials, URLs, hooks. */
export function createAdditionalData(
	world: World,
	json: WorkflowJson,
): IWorkflowExecuteAdditionalData {
	const baseUrl = world.baseUrl ?? 'http://localhost:5678';
	const executionId = world.executionId ?? String(++executions);
	const credentialType = new SafePaysApi();
	const workflowData = {
		...json,
		id: world.workflowId ?? 'workflow',
		name: 'Test',
	} as IWorkflowBase;
	return {
		executionId,
		currentNodeExecutionIndex: 0,
		webhookWaitingBaseUrl: `${baseUrl}/webhook-waiting`,
		webhookBaseUrl: `${baseUrl}/webhook`,
		webhookTestBaseUrl: `${baseUrl}/webhook-test`,
		formWaitingBaseUrl: `${baseUrl}/form-waiting`,
		restApiUrl: `${baseUrl}/rest`,
		instanceBaseUrl: baseUrl,
		variables: {},
		executeWorkflow: async (
			workflow: IExecuteWorkflowInfo,
			_additionalData: unknown,
			{ inputData = [] }: { inputData?: INodeExecutionData[] },
		) => await dataTables.execute(workflow, inputData),
		hooks: new ExecutionLifecycleHooks(world.mode ?? 'manual', executionId, workflowData),
		credentialsHelper: {
			getParentTypes: () => [],
			isCredentialUsableByNode: () => true,
			authenticate: async (
				credentials: ICredentialDataDecryptedObject,
				_type: string,
				options: IHttpRequestOptions,
			) => {
				if (typeof credentialType.authenticate !== 'function') throw new Error('No function');
				return await credentialType.authenticate(credentials, options);
			},
			preAuthentication: async () => undefined,
			runPreAuthentication: async () => undefined,
			getDecrypted: async () => ({ ...world.credentials }),
			getCredentialsProperties: () => credentialType.properties,
		},
	} as unknown as IWorkflowExecuteAdditionalData;
}

/** With the static data that the database has at this moment. */
export function createWorkflow(world: World, json: WorkflowJson, types = nodeTypes): Workflow {
	return new Workflow({
		id: world.workflowId ?? 'workflow',
		name: 'Test',
		nodes: structuredClone(json.nodes),
		connections: json.connections,
		active: true,
		nodeTypes: types,
		staticData: JSON.parse(JSON.stringify(world.staticData ?? {})) as IDataObject,
		settings: { timezone: 'Europe/Berlin', ...json.settings },
	});
}

/** Written back whole, and only if it was changed: the last one wins. */
export function saveStaticData(world: World, { staticData }: Workflow): void {
	if (staticData.__dataChanged !== true) return;
	world.staticData = JSON.parse(JSON.stringify(staticData)) as IDataObject;
	staticData.__dataChanged = false;
}

export interface RunOptions {
	/** What the manual trigger hands on. */
	items?: IDataObject[];
	/** Called with the running execution, for example to cancel it. */
	onStart?: (running: { cancel(): void }) => void;
	/** Goes on with an execution that failed, as "Retry" does in the editor. */
	retryOf?: Executed;
	/** With `retryOf`: "Retry with currently saved workflow", so with the nodes of the workflow given. */
	withSavedWorkflow?: boolean;
	/** When n8n has noted that the execution began (milliseconds since 1970), the same in its retries; unless given it begins now. */
	establishedAt?: number;
}

/** Runs a workflow's JSON through n8n's own engine. */
export async function execute(
	world: World,
	json: WorkflowJson,
	options: RunOptions = {},
): Promise<Executed> {
	const workflow = createWorkflow(world, json);
	const mode = options.retryOf ? 'retry' : (world.mode ?? 'manual');
	const additionalData = createAdditionalData({ ...world, mode }, json);
	const data = options.retryOf
		? createRetryData(stringify(options.retryOf.run.data))
		: createStartData(workflow, mode, options);
	if (options.withSavedWorkflow) useNodesOf(workflow, data);
	await workflow.expression.acquireIsolate();
	try {
		const running = new WorkflowExecute(additionalData, mode, data).processRunExecutionData(
			workflow,
		);
		options.onStart?.(running);
		const run = await running;
		if (mode !== 'manual') saveStaticData(world, workflow);
		return executed(run);
	} finally {
		await workflow.expression.releaseIsolate();
	}
}

/** What n8n starts a workflow with. */
export function createStartData(
	workflow: Workflow,
	mode: WorkflowExecuteMode,
	{ items = [{}], establishedAt }: RunOptions,
): IRunExecutionData {
	const start = workflow.getStartNode() as INode;
	return createRunExecutionData({
		executionData: {
			nodeExecutionStack: [
				{ node: start, data: { main: [items.map((json) => ({ json }))] }, source: null },
			],
			// n8n notes it before an execution starts, and keeps it for its retries.
			runtimeData:
				establishedAt === undefined
					? { version: 1, establishedAt: Date.now(), source: mode }
					: { version: 1, establishedAt, source: 'manual' },
		},
	});
}

/**
 * What n8n does for "Retry" in the editor (`ExecutionService.retry`): loads the execution as it was
 * saved, takes back the last node's result if that is an error, and runs the node again.
 */
export function createRetryData(savedData: string): IRunExecutionData {
	const saved = parse(savedData) as IRunExecutionData;
	const { resultData } = saved;
	const results = resultData.runData[resultData.lastNodeExecuted as string] ?? [];
	if (results.at(-1)?.error !== undefined) results.pop();
	delete resultData.error;
	return createRunExecutionData(saved as Parameters<typeof createRunExecutionData>[0]);
}

function useNodesOf(workflow: Workflow, data: IRunExecutionData): void {
	for (const waiting of data.executionData?.nodeExecutionStack ?? []) {
		waiting.node = workflow.getNode(waiting.node.name) as INode;
	}
}

function executed(run: IRun): Executed {
	const result = run.data.resultData.runData[NODE_NAME]?.at(-1);
	const outputs = (result?.data?.main ?? []).map((output) => output ?? []);
	return {
		run,
		outputs,
		items: (outputs[0] ?? []).map(({ json }) => json),
		errorItems: (outputs[1] ?? []).map(({ json }) => json),
		error: run.data.resultData.error as Executed['error'],
		hints: (result?.hints ?? []).map(({ message }) => message),
		saved: JSON.stringify(run),
	};
}
