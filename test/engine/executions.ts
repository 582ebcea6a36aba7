import { parse, stringify } from 'flatted';
import { WorkflowExecute } from 'n8n-core';
import type {
	IDataObject,
	INodeExecutionData,
	INodeType,
	INodeTypes,
	IRun,
	IRunExecutionData,
	Workflow,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import * as n8nWorkflow from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import type * as node from '../../nodes/SafePays/SafePays.node';
import type * as triggerNode from '../../nodes/SafePays/SafePaysTrigger.node';
import type { WorkflowJson, World } from '.';
import {
	createAdditionalData,
	createRetryData,
	createStartData,
	createWorkflow,
	NODE_NAME,
	nodeTypes,
	saveStaticData,
} from '.';

/** An execution as n8n keeps it. */
export interface Execution {
	id: string;
	mode: WorkflowExecuteMode;
	status: IRun['status'];
	json: WorkflowJson;
	/** Run data as n8n's database holds it; undefined until the run has ended or waits. */
	data?: string;
	waitTill?: Date;
	/** The JSON of the items that a webhook started it with. */
	input?: IDataObject[];
	/** How often it was resumed. */
	resumed: number;
	/** Resolves when the run has ended or waits. */
	done: Promise<void>;
}

/** Ids of executions are given once. */
let executions = 0;

/** Runs workflows through n8n's engine, and keeps executions and static data in the form that n8n's database gives back. */
export class Executions {
	readonly executions: Execution[] = [];

	/** Used in place of the node types that the tests have loaded. */
	private fresh: Record<string, INodeType> = {};

	protected readonly nodeTypes: INodeTypes = {
		...nodeTypes,
		getByNameAndVersion: (name) =>
			name in this.fresh
				? NodeHelpers.getVersionedNodeType(this.fresh[name])
				: nodeTypes.getByNameAndVersion(name),
	};

	constructor(readonly world: World) {}

	/** Forgets all that the nodes keep in the process's memory; the database stays. */
	restart(): void {
		jest.isolateModules(() => {
			// One n8n-workflow, as in n8n: the engine knows its errors by their class.
			jest.doMock('n8n-workflow', () => n8nWorkflow);
			const { SafePays } = jest.requireActual<typeof node>('../../nodes/SafePays/SafePays.node');
			const { SafePaysTrigger } = jest.requireActual<typeof triggerNode>(
				'../../nodes/SafePays/SafePaysTrigger.node',
			);
			this.fresh = {
				'n8n-nodes-safepays.safePays': new SafePays(),
				'n8n-nodes-safepays.safePaysTrigger': new SafePaysTrigger(),
			};
		});
		jest.dontMock('n8n-workflow');
	}

	/** Runs a workflow from its manual trigger until it ends or waits. */
	async run(
		json: WorkflowJson,
		items: IDataObject[],
		mode: WorkflowExecuteMode = 'trigger',
	): Promise<Execution> {
		const execution = this.create(json, mode);
		this.go(execution, createStartData(this.createWorkflow(json), mode, { items }));
		await execution.done;
		return execution;
	}

	/** Resolves when all executions have ended or wait. */
	async idle(): Promise<void> {
		await Promise.all(this.executions.map(async ({ done }) => await done));
	}

	/** Retries a failed execution as the executions list does. @returns when the new execution has ended or waits */
	async retry(failed: Execution): Promise<void> {
		const execution = this.create(failed.json, 'retry');
		this.go(execution, createRetryData(failed.data ?? ''));
		await execution.done;
	}

	/** The JSON of the items that an execution's first node was started with. */
	getInput(execution: Execution): IDataObject[] {
		return execution.input ?? [];
	}

	/** Lets the time of a waiting execution run out, and resolves when it has ended. */
	async timeOut(execution: Execution): Promise<void> {
		execution.resumed++;
		this.go(execution, restoreRunData(execution));
		await execution.done;
	}

	/** The run data that n8n would show for an execution. */
	getResult(execution: Execution): IRunExecutionData['resultData'] {
		return restoreRunData(execution).resultData;
	}

	/** What left a node in an execution, output by output. */
	getOutputs(execution: Execution, node = NODE_NAME): INodeExecutionData[][] {
		const main = this.getResult(execution).runData[node]?.at(-1)?.data?.main ?? [];
		return main.map((output) => output ?? []);
	}

	/** The JSON that left a node by its first output. */
	getItems(execution: Execution, node = NODE_NAME): IDataObject[] {
		return (this.getOutputs(execution, node)[0] ?? []).map(({ json }) => json);
	}

	protected createWorkflow(json: WorkflowJson): Workflow {
		return createWorkflow(this.world, json, this.nodeTypes);
	}

	protected create(json: WorkflowJson, mode: WorkflowExecuteMode): Execution {
		const id = String(++executions);
		const execution: Execution = {
			id,
			mode,
			json,
			status: 'new',
			resumed: 0,
			done: Promise.resolve(),
		};
		this.executions.push(execution);
		return execution;
	}

	/** Lets an execution run, without waiting for its end. */
	protected go(execution: Execution, data: IRunExecutionData): void {
		const workflow = this.createWorkflow(execution.json);
		const additionalData = createAdditionalData(
			{ ...this.world, mode: execution.mode, executionId: execution.id },
			execution.json,
		);
		execution.status = 'running';
		execution.done = (async () => {
			const run = await new WorkflowExecute(
				additionalData,
				execution.mode,
				data,
			).processRunExecutionData(workflow);
			if (execution.mode !== 'manual') saveStaticData(this.world, workflow);
			execution.data = stringify(run.data);
			execution.waitTill = run.waitTill ?? undefined;
			execution.status = run.status;
		})();
	}
}

/** The run data of an execution, as n8n reads it from its database. */
export function restoreRunData({ data }: Execution): IRunExecutionData {
	return parse(data ?? '') as IRunExecutionData;
}
