import { eventually } from './eventually';

/** A field's value by its label; a file is uploaded. */
export type FormValues = Record<string, string | File>;

/** The page that a form ends with. */
export interface FormEnding {
	html: string;
	/** Where the page leads the browser, if anywhere. */
	redirectTo?: string;
}

/**
 * Fills in a form of n8n's Form Trigger and submits it, as the page's script does in a browser.
 * Throws when the page lacks one of the fields.
 */
export async function submitForm(url: string, values: FormValues): Promise<Response> {
	const page = await readText(await fetch(url));
	const body = new FormData();
	for (const [label, value] of Object.entries(values)) body.set(fieldName(page, label), value);
	return await fetch(url, { method: 'POST', body });
}

/** Follows a submitted form to the page of a Form Ending node, as the page's script does in a browser. */
export async function followForm(submitted: Response): Promise<FormEnding> {
	const { formWaitingUrl } = JSON.parse(await readText(submitted)) as { formWaitingUrl: string };
	const status = new URL(formWaitingUrl);
	status.pathname += '/n8n-execution-status';
	await eventually(
		'the next page of the form',
		async () => (await readText(await fetch(status))) === 'form-waiting' || undefined,
	);
	const html = await readText(await fetch(formWaitingUrl));
	// the page tells n8n that it is there; only then the execution ends
	await readText(await fetch(formWaitingUrl, { method: 'POST' }));
	const [, redirectTo] = /<a id='redirectUrl' href='([^']+)'/.exec(html) ?? [];
	return { html, redirectTo };
}

function fieldName(page: string, label: string): string {
	const [, name] = new RegExp(`<label[^>]* for='([^']+)'>${label}</label>`).exec(page) ?? [];
	if (!name) throw new Error(`The form has no field "${label}"`);
	return name;
}

async function readText(response: Response): Promise<string> {
	const text = await response.text();
	if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text.slice(0, 200)}`);
	return text;
}
