import { appendCapped } from './cappedList';

/** A request to `/api/v2/*`. */
export interface RecordedRequest {
	method: string;
	/** Without the query string, and so without the API key. */
	path: string;
	/** The status that was sent; null while pending and when the connection was reset. */
	status: number | null;
	/** Milliseconds since 1970, real time whatever the sandbox's clock says. */
	startedAt: number;
	/** The JSON body without `api_key`; null for none. */
	body: unknown;
}

const MAX_REQUESTS = 20_000;

export class RequestLog {
	readonly requests: RecordedRequest[] = [];
	total = 0;
	peakInFlight = 0;
	readonly byStatus: Record<string, number> = {};
	private inFlight = 0;
	private readonly open = new Set<RecordedRequest>();

	start(method: string, path: string): RecordedRequest {
		const record = { method, path, status: null, startedAt: Date.now(), body: null };
		appendCapped(this.requests, record, MAX_REQUESTS);
		this.open.add(record);
		this.total += 1;
		this.inFlight += 1;
		this.peakInFlight = Math.max(this.peakInFlight, this.inFlight);
		return record;
	}

	/** Closes a record; a second call for the same one, or one after `reset`, changes nothing. */
	end(record: RecordedRequest, status: number | null): void {
		if (!this.open.delete(record)) return;
		record.status = status;
		this.inFlight -= 1;
		const name = status === null ? 'reset' : String(status);
		this.byStatus[name] = (this.byStatus[name] ?? 0) + 1;
	}

	reset(): void {
		this.requests.length = 0;
		this.open.clear();
		this.total = 0;
		this.inFlight = 0;
		this.peakInFlight = 0;
		for (const name of Object.keys(this.byStatus)) delete this.byStatus[name];
	}
}
