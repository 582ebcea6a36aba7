import type {
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeParameters,
	IWorkflowBase,
} from 'n8n-workflow';

/** Selects rows of a table. */
interface Condition extends INodeParameters {
	keyName: string;
	condition: 'eq' | 'lte';
	keyValue: string | number;
}

/**
 * Finds a table, or else creates it. By its ID, as n8n's node would also take one whose name only
 * begins like this.
 */
export async function openTable(
	context: IExecuteFunctions,
	name: string,
	columns: string[],
): Promise<string> {
	const find = async () => {
		const list = createNode({
			resource: 'table',
			operation: 'list',
			returnAll: true,
			options: { filterName: name },
		});
		const tables = await runNodes(context, [list]);
		return tables.find((table) => table.name === name)?.id as string | undefined;
	};
	const create = async () => {
		const [table] = await runNodes(context, [
			createNode({
				resource: 'table',
				operation: 'create',
				tableName: name,
				columns: { column: columns.map((column) => ({ name: column, type: 'string' })) },
				options: {},
			}),
		]);
		return String(table.id);
	};
	const id = await find();
	if (id !== undefined) return id;
	// Of two processes that create it at the same moment one is refused.
	return await create().catch(async (error: unknown) => {
		const other = await find();
		if (other === undefined) throw error;
		return other;
	});
}

/** Selects the rows that have a value in a column. */
export function isEqual(keyName: string, keyValue: string | number): Condition {
	return { keyName, condition: 'eq', keyValue };
}

/**
 * Inserts rows, removes rows, and returns rows, in this order. Rows are selected by meeting any one
 * of the conditions.
 */
export async function changeRows(
	context: IExecuteFunctions,
	tableId: string,
	insert: IDataObject[],
	remove: Condition[],
	find: Condition[],
): Promise<IDataObject[]> {
	const nodes: INode[] = [];
	if (insert.length > 0) nodes.push(createInsertNode(tableId));
	if (remove.length > 0) nodes.push(createSelectNode('deleteRows', tableId, remove));
	if (find.length > 0) nodes.push(createSelectNode('get', tableId, find));
	if (nodes.length === 0) return [];
	const output = await runNodes(context, nodes, insert.length > 0 ? insert : [{}]);
	// An empty result comes as one empty item.
	return find.length > 0 ? output.filter(({ id }) => id !== undefined) : [];
}

function createInsertNode(tableId: string): INode {
	return createNode({
		resource: 'row',
		operation: 'insert',
		dataTableId: { __rl: true, mode: 'id', value: tableId },
		columns: { mappingMode: 'autoMapInputData', value: null },
		// Many rows in one statement.
		options: { optimizeBulk: true },
	});
}

function createSelectNode(
	operation: 'deleteRows' | 'get',
	tableId: string,
	conditions: Condition[],
): INode {
	return createNode({
		resource: 'row',
		operation,
		dataTableId: { __rl: true, mode: 'id', value: tableId },
		matchType: 'anyCondition',
		filters: { conditions },
		returnAll: true,
		options: {},
	});
}

function createNode(parameters: INodeParameters): INode {
	const name = `${String(parameters.operation)} ${String(parameters.resource)}`;
	return {
		id: name,
		name,
		type: 'n8n-nodes-base.dataTable',
		typeVersion: 1.1,
		position: [0, 0],
		parameters,
		// An insert takes all items; the others do the same for each.
		executeOnce: parameters.operation !== 'insert',
		alwaysOutputData: true,
	};
}

/**
 * Runs nodes one after the other in an execution of its own, of which n8n keeps nothing: n8n lets
 * only its own Data Table node at its tables.
 */
async function runNodes(
	context: IExecuteFunctions,
	nodes: INode[],
	items: IDataObject[] = [{}],
): Promise<IDataObject[]> {
	const start: INode = {
		id: 'start',
		name: 'start',
		type: 'n8n-nodes-base.executeWorkflowTrigger',
		typeVersion: 1.1,
		position: [0, 0],
		parameters: { inputSource: 'passthrough' },
	};
	const all = [start, ...nodes];
	const code: Pick<IWorkflowBase, 'nodes' | 'connections' | 'settings'> = {
		nodes: all,
		connections: Object.fromEntries(
			nodes.map(({ name }, index) => [
				all[index].name,
				{ main: [[{ node: name, type: 'main', index: 0 }]] },
			]),
		),
		settings: {
			executionOrder: 'v1',
			saveDataSuccessExecution: 'none',
			saveDataErrorExecution: 'none',
			saveManualExecutions: false,
		},
	};
	const { data } = await context.executeWorkflow(
		{ code: code as IWorkflowBase },
		items.map((json) => ({ json })),
	);
	return (data[0] ?? []).map(({ json }) => json);
}
