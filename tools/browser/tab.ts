import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { selectors, type Browser, type BrowserContext } from 'playwright-core';

import { localDir } from '../harness/paths';
import { newSession } from './chromium';
import { Editor } from './editor';

/** A session of the browser that is signed in to n8n's editor. */
export async function openSession(
	browser: Browser,
	n8nUrl: string,
	look: Parameters<typeof newSession>[1] = {},
): Promise<BrowserContext> {
	selectors.setTestIdAttribute('data-test-id');
	const session = await newSession(browser, look);
	const editor = await Editor.open(session, n8nUrl);
	await editor.signIn();
	await editor.page.close();
	return session;
}

/** Does something in a new tab of the editor and closes it; a failure leaves a picture of the tab. */
export async function inTab(
	context: BrowserContext,
	n8nUrl: string,
	name: string,
	work: (editor: Editor) => Promise<void>,
): Promise<void> {
	const editor = await Editor.open(context, n8nUrl);
	try {
		await work(editor);
	} catch (error) {
		const path = join(localDir, 'browser', `${name}.png`);
		mkdirSync(join(localDir, 'browser'), { recursive: true });
		await editor.page.screenshot({ path }).catch(() => undefined);
		if (error instanceof Error) error.message += `\nWhat the browser showed then: ${path}`;
		throw error;
	} finally {
		await editor.page.close();
	}
}
