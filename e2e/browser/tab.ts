import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';

import { localDir } from '../harness/paths';
import { Editor } from './editor';

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
