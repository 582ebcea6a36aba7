import type {
	ExecuteWorkflowData,
	IDataObject,
	IExecuteWorkflowInfo,
	INode,
	INodeExecutionData,
} from 'n8n-workflow';

interface Row extends IDataObject {
	id: number;
}

interface Table {
	id: string;
	name: string;
	columns: string[];
	rows: Row[];
	lastId: number;
}

interface Condition {
	keyName: string;
	condition: 'eq' | 'lte';
	keyValue: string | number;
}

/**
 * n8n's data tables and the node that is let at them, without its database: measured on n8n 2.41.1.
 * There is no unique index. A row is seen some time after it has got its id, as on PostgreSQL.
 */
export class DataTables {
	tables: Table[] = [];

	/** What each run of nodes has been asked for, such as `insert row, get row`. */
	runs: string[] = [];

	/** Milliseconds that each run of nodes takes. */
	latencyMs = 0;

	/** Milliseconds from a row's id until others, and its own inserter, see it; a list is for one insert after the other. */
	commitMs: number[] = [];

	/** The module is switched off. */
	isOff = false;

	/** All tables of the instance together have reached n8n's limit. */
	isFull = false;

	/** What the next runs of nodes end with. */
	errors: string[] = [];

	reset(): void {
		Object.assign(this, new DataTables());
	}

	/** All rows, of whatever table. */
	get rows(): Row[] {
		return this.tables.flatMap(({ rows }) => rows);
	}

	/** As a user does under "Data tables". */
	deleteRows(where: (row: Row) => boolean): void {
		for (const table of this.tables) table.rows = table.rows.filter((row) => !where(row));
	}

	/** What a node gets for `executeWorkflow({code}, items)`. */
	async execute(
		{ code }: IExecuteWorkflowInfo,
		items: INodeExecutionData[],
	): Promise<ExecuteWorkflowData> {
		const [, ...nodes] = code?.nodes ?? [];
		this.runs.push(nodes.map(({ name }) => name).join(', '));
		await this.pause(this.latencyMs);
		const error = this.errors.shift();
		if (error) throw new Error(error);
		let json = items.map((item) => item.json);
		for (const node of nodes) {
			const input = node.executeOnce ? json.slice(0, 1) : json;
			json = await this.runNode(node, input);
			if (json.length === 0 && node.alwaysOutputData) json = [{}];
			if (json.length === 0) break;
		}
		return {
			executionId: 'sub-execution',
			data: [json.map((each) => ({ json: structuredClone(each) }))],
		};
	}

	private async runNode({ type, typeVersion, parameters }: INode, input: IDataObject[]) {
		if (type !== 'n8n-nodes-base.dataTable' || typeVersion !== 1.1) {
			throw new Error(`Unrecognized node type: ${type} ${typeVersion}`);
		}
		if (this.isOff) {
			throw new Error('Attempted to use Data table node but the module is disabled');
		}
		const { resource, operation } = parameters;
		if (resource === 'table') return this.runTableOperation(parameters);
		const table = this.getTable((parameters.dataTableId as IDataObject).value);
		if (operation === 'insert') return await this.insert(table, input);
		const conditions = (parameters.filters as unknown as { conditions: Condition[] }).conditions;
		if (conditions.length > 999) throw new Error('Expression tree is too large');
		const found = table.rows.filter((row) => conditions.some((one) => matches(row, one)));
		if (operation === 'deleteRows') {
			table.rows = table.rows.filter((row) => !found.includes(row));
			return found;
		}
		if (operation !== 'get') throw new Error(`Cannot read properties of undefined`);
		return found.sort((a, b) => a.id - b.id);
	}

	private runTableOperation(parameters: INode['parameters']): IDataObject[] {
		const toJson = ({ id, name }: Table) => ({ id, name });
		if (parameters.operation === 'list') return this.tables.map(toJson);
		const name = String(parameters.tableName);
		if (this.tables.some((table) => table.name === name)) {
			throw new Error(`Data table with name '${name}' already exists in this project`);
		}
		const columns = (parameters.columns as { column: Array<{ name: string }> }).column;
		const table: Table = {
			id: `table-${Math.random().toString(36).slice(2)}`,
			name,
			columns: columns.map((column) => column.name),
			rows: [],
			lastId: 0,
		};
		this.tables.push(table);
		return [toJson(table)];
	}

	private getTable(id: unknown): Table {
		const table = this.tables.find((one) => one.id === id);
		if (!table) {
			throw new Error(`Data table with ID '${String(id)}' could not be found in this project`);
		}
		return table;
	}

	private async insert(table: Table, input: IDataObject[]): Promise<IDataObject[]> {
		if (this.isFull) {
			throw new Error('Data table size limit exceeded: 200MB used, limit is 200MB');
		}
		const createdAt = new Date().toISOString();
		const rows = input.map((json): Row => {
			const unknown = Object.keys(json).find((name) => !table.columns.includes(name));
			if (unknown) throw new Error(`unknown column name '${unknown}'`);
			return { ...json, id: ++table.lastId, createdAt, updatedAt: createdAt };
		});
		await this.pause(this.commitMs.shift() ?? 0);
		table.rows.push(...rows);
		return [{ success: true, insertedRows: rows.length }];
	}

	private async pause(ms: number): Promise<void> {
		await new Promise((resolve) => setTimeout(resolve, ms));
	}
}

function matches(row: Row, { keyName, condition, keyValue }: Condition): boolean {
	const value = row[keyName] as string | number;
	return condition === 'lte' ? value <= keyValue : value === keyValue;
}
