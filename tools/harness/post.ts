export interface Answer {
	status: number;
	/** Parsed where it is JSON. */
	body: unknown;
}

/** Posts JSON, as SafePays, a shop or a form does. */
export async function post(url: string, body: object): Promise<Answer> {
	const response = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	const text = await response.text();
	try {
		return { status: response.status, body: JSON.parse(text) as unknown };
	} catch {
		return { status: response.status, body: text };
	}
}
