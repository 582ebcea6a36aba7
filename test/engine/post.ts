export interface Answer {
	status: number;
	headers: Record<string, string>;
	/** Parsed if it was JSON. */
	body: unknown;
	/** Milliseconds until it was there. */
	ms: number;
}

/** A sender waits this long. */
const PATIENCE_MS = 10_000;

/**
 * Posts a notification as SafePays, or somebody who is not, would.
 *
 * @param body an object is sent as JSON, a string or undefined as it is
 * @throws Error if the answer takes longer than a sender waits
 */
export async function post(
	url: string,
	body?: unknown,
	headers: Record<string, string> = {},
): Promise<Answer> {
	const startedAt = performance.now();
	const response = await fetch(url, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json', ...headers },
		body: typeof body === 'object' ? JSON.stringify(body) : (body as string | undefined),
		signal: AbortSignal.timeout(PATIENCE_MS),
	});
	const text = await response.text();
	const ms = performance.now() - startedAt;
	const answer = { status: response.status, headers: Object.fromEntries(response.headers), ms };
	try {
		return { ...answer, body: JSON.parse(text) as unknown };
	} catch {
		return { ...answer, body: text };
	}
}
