import { createHash } from 'node:crypto';

type Value = string;
interface Context {
	workflow: { id?: string };
	node?: { id: string };
}
interface Options {
	maxEntries?: number;
}

/** What n8n keeps processed keys in, without its database: reads a row, then writes it back whole. */
export class ProcessedData {
	readonly rows = new Map<string, string[]>();

	/** Milliseconds between reading a row and writing it back. */
	delayMs = 0;

	/** Called in between, as another process might write then. */
	between?: () => Promise<void>;

	async checkProcessedAndRecord(
		items: Value[],
		_scope: string,
		context: Context,
		{ maxEntries }: Options,
	) {
		const name = rowName(context);
		const known = this.rows.has(name);
		const row = [...(this.rows.get(name) ?? [])];
		await this.gap();
		const fresh = items.filter((item) => !row.includes(hash(item)));
		// The first record of a node is inserted, not updated: a second insert breaks a unique index.
		if (!known && this.rows.has(name)) throw new Error('UNIQUE constraint failed: processed_data');
		row.push(...fresh.map(hash));
		this.rows.set(name, maxEntries ? row.slice(-maxEntries) : row);
		return { new: fresh, processed: items.filter((item) => !fresh.includes(item)) };
	}

	async removeProcessed(items: Value[], _scope: string, context: Context) {
		const name = rowName(context);
		if (!this.rows.has(name)) return;
		const row = [...(this.rows.get(name) ?? [])];
		await this.gap();
		this.rows.set(
			name,
			row.filter((entry) => !items.map(hash).includes(entry)),
		);
	}

	async clearAllProcessedItems(_scope: string, context: Context) {
		this.rows.delete(rowName(context));
	}

	async getProcessedDataCount(_scope: string, context: Context) {
		return this.rows.get(rowName(context))?.length ?? 0;
	}

	private async gap() {
		const { between, delayMs } = this;
		this.between = undefined;
		await between?.();
		if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
	}
}

function rowName({ workflow, node }: Context): string {
	return `${workflow.id}:${node?.id}`;
}

function hash(item: Value): string {
	return createHash('md5').update(item).digest('base64');
}
