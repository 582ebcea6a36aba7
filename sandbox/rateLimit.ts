/** A fixed window for each API key, which starts with the first request in it. */
export interface RateLimit {
	requests: number;
	windowSeconds: number;
	/**
	 * Whether answers carry X-RateLimit-* and a 429 carries Retry-After. SafePays' older "Rate
	 * Limits" page promises them, today's does not. Default false.
	 */
	headers?: boolean;
}

export interface RateLimitVerdict {
	/** Seconds until the request may be sent again; null when it was let through. */
	retryAfterSeconds: number | null;
	headers: Record<string, string>;
}

interface Window {
	/** Milliseconds since 1970. */
	endsAt: number;
	used: number;
}

export class RateLimiter {
	private readonly windows = new Map<string, Window[]>();

	constructor(
		private limits: RateLimit[],
		private readonly now: () => Date,
	) {}

	setLimits(limits: RateLimit[]): void {
		this.limits = limits;
		this.reset();
	}

	/** Starts every window anew. */
	reset(): void {
		this.windows.clear();
	}

	/** Counts a request, whether or not it is let through ("Rate Limits" page). */
	count(apiKey: string): RateLimitVerdict | null {
		if (this.limits.length === 0) return null;
		const now = this.now().getTime();
		const windows = this.windowsOf(apiKey);
		const verdict: RateLimitVerdict = { retryAfterSeconds: null, headers: {} };
		let fewestLeft = Infinity;

		this.limits.forEach((limit, index) => {
			const window = windows[index];
			if (now >= window.endsAt) {
				window.endsAt = now + limit.windowSeconds * 1_000;
				window.used = 0;
			}
			window.used += 1;

			const left = limit.requests - window.used;
			const wait = Math.max(1, Math.ceil((window.endsAt - now) / 1_000));
			if (left < 0) verdict.retryAfterSeconds = Math.max(verdict.retryAfterSeconds ?? 0, wait);
			if (limit.headers && left < fewestLeft) {
				fewestLeft = left;
				verdict.headers = {
					'X-RateLimit-Limit': String(limit.requests),
					'X-RateLimit-Remaining': String(Math.max(0, left)),
					'X-RateLimit-Reset': String(Math.ceil(window.endsAt / 1_000)),
				};
			}
		});

		if (verdict.retryAfterSeconds !== null && this.limits.some((limit) => limit.headers)) {
			verdict.headers['Retry-After'] = String(verdict.retryAfterSeconds);
		}
		return verdict;
	}

	private windowsOf(apiKey: string): Window[] {
		let windows = this.windows.get(apiKey);
		if (!windows) {
			windows = this.limits.map(() => ({ endsAt: 0, used: 0 }));
			this.windows.set(apiKey, windows);
		}
		return windows;
	}
}
