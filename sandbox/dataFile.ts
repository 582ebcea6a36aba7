import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import type { Snapshot } from './books';
import type { Delivery } from './notifications';

interface Saved extends Snapshot {
	deliveries: Delivery[];
}

/** Under load, records are written at most this often. */
const SAVE_INTERVAL_MS = 200;

/** Keeps customers, invoices and the latest notifications in a JSON file. */
export class DataFile {
	private timer: NodeJS.Timeout | undefined;
	private savedAt = 0;
	private closed = false;

	constructor(
		private readonly path: string,
		private readonly snapshot: () => Saved,
	) {}

	/** @throws Error when the file is not one that the sandbox wrote */
	load(): Saved {
		if (!existsSync(this.path)) return { customers: [], invoices: [], deliveries: [] };
		try {
			const data = JSON.parse(readFileSync(this.path, 'utf8')) as Partial<Saved> | null;
			// files of before notifications were kept have none
			const { customers, invoices, deliveries = [] } = data ?? {};
			if ([customers, invoices, deliveries].every(Array.isArray)) {
				return { customers, invoices, deliveries } as Saved;
			}
		} catch (error) {
			if (!(error instanceof SyntaxError)) throw error;
		}
		throw new Error(`${this.path} is not a data file of the sandbox; move it away or delete it`);
	}

	/** Saves at once, or soon where it has just been saved. */
	saveSoon(): void {
		if (this.timer || this.closed) return;
		const wait = this.savedAt + SAVE_INTERVAL_MS - Date.now();
		if (wait <= 0) this.save();
		else this.timer = setTimeout(() => this.save(), wait);
	}

	/** Saves what waits to be saved, and nothing after that. */
	close(): void {
		if (this.timer) this.save();
		this.closed = true;
	}

	private save(): void {
		clearTimeout(this.timer);
		this.timer = undefined;
		const draft = `${this.path}.${process.pid}.tmp`;
		try {
			writeFileSync(draft, JSON.stringify(this.snapshot()), { mode: 0o600 });
			renameSync(draft, this.path);
		} catch (error) {
			rmSync(draft, { force: true });
			throw error;
		}
		this.savedAt = Date.now();
	}
}
