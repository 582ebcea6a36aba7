import type { IExecuteFunctions } from 'n8n-workflow';

/** Shows a sentence above the node's output; it may hold links as HTML. */
export function showHint(
	context: IExecuteFunctions,
	message: string,
	type: 'info' | 'warning' = 'info',
): void {
	// Missing in the context of an AI tool before n8n 1.119.
	context.addExecutionHints?.({ message, location: 'outputPane', type });
}

/** Escapes a text from outside, such as a link, for a hint. */
export function escapeHtml(value: string): string {
	return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
