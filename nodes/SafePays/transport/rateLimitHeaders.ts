import type { Answer } from './sendOnce';

/** A reset further away than this is no reset time (milliseconds sent as seconds, a wrong clock). */
export const LONGEST_WINDOW_MS = 3_600_000;

/**
 * Milliseconds that a 429 asks to wait: `Retry-After` (seconds or a date), else the end of the
 * window in `X-RateLimit-Reset`, else the sentence "Please retry after 60 seconds." (SafePays,
 * "Rate limits"); undefined if it names none.
 */
export function parsePauseMs({ headers, body }: Answer): number | undefined {
	const retryAfter = headers['retry-after'];
	const seconds = parseNumber(retryAfter);
	if (seconds !== undefined) return seconds * 1000;
	const date = retryAfter ? Date.parse(retryAfter) : NaN;
	if (!Number.isNaN(date)) return Math.max(0, toLocalClock(date, headers.date) - Date.now());
	const resetAt = parseResetAt(headers);
	if (resetAt !== undefined) return resetAt - Date.now();
	const sentence = /after\s+(\d+(?:\.\d+)?)\s*second/i.exec(JSON.stringify(body ?? ''));
	return sentence ? Number(sentence[1]) * 1000 : undefined;
}

/** What an answer says is left of the limit, and until when; undefined unless it says both. */
export function parseQuota({
	headers,
}: Answer): { remaining: number; resetAt: number } | undefined {
	const remaining = parseNumber(headers['x-ratelimit-remaining']);
	const resetAt = parseResetAt(headers);
	return remaining === undefined || resetAt === undefined ? undefined : { remaining, resetAt };
}

/** When the window ends by `X-RateLimit-Reset`, on this machine's clock; undefined if it names no time to come. */
function parseResetAt(headers: Answer['headers']): number | undefined {
	const reset = parseNumber(headers['x-ratelimit-reset']);
	if (reset === undefined) return undefined;
	const resetAt = toLocalClock(reset * 1000, headers.date);
	const resetMs = resetAt - Date.now();
	return resetMs > 0 && resetMs <= LONGEST_WINDOW_MS ? resetAt : undefined;
}

/** A server's moment on this machine's clock. The Date header has whole seconds: a smaller difference says nothing. */
function toLocalClock(time: number, serverDate: string | undefined): number {
	const skew = (serverDate ? Date.parse(serverDate) : NaN) - Date.now();
	return Number.isNaN(skew) || Math.abs(skew) < 2000 ? time : time - skew;
}

function parseNumber(header: string | undefined): number | undefined {
	const value = header === undefined || header.trim() === '' ? NaN : Number(header);
	return Number.isFinite(value) && value >= 0 ? value : undefined;
}
