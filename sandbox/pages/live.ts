import { createHash } from 'node:crypto';

import { Html, html } from './html';

/**
 * Keeps the live parts of a page up to date. What has the focus, or a text selected in it, stays as
 * it is, and so does everything that is not live, such as a form that is being filled in.
 */
const SCRIPT = `
setInterval(async () => {
	if (document.hidden) return;
	const answer = await fetch(location.href).catch(() => null);
	document.documentElement.classList.toggle('stopped', !answer?.ok);
	if (!answer?.ok) return;
	const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
	const selection = getSelection();
	for (const part of document.querySelectorAll('[data-live]')) {
		const next = fresh.getElementById(part.id);
		const inUse = part.contains(document.activeElement) ||
			(!selection.isCollapsed && selection.containsNode(part, true));
		if (next && !inUse && next.innerHTML !== part.innerHTML) part.innerHTML = next.innerHTML;
	}
}, 2000);
`;

/** In a page that has live parts. */
export const LIVE_SCRIPT = new Html(`<script>${SCRIPT}</script>`);

/** For a Content-Security-Policy that lets this script run and no other. */
export const LIVE_SCRIPT_HASH = `'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`;

/** A part of a page that follows what happens in the sandbox. */
export function live(id: string, content: Html | null): Html {
	return html`<div id="${id}" data-live>${content}</div>`;
}
