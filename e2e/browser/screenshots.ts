import { selectors, type Browser } from 'playwright-core';

import { Cleanup } from '../harness/cleanup';
import { Failure, messageOf, runCli } from '../harness/failure';
import { ensureInstalled } from '../harness/install';
import { findChromium, launchChromium, newSession } from './chromium';
import { Editor } from './editor';
import { DARK, LIGHT, type Scene } from './scenes';
import { openStudio, type Studio } from './studio';
import { inTab } from './tab';

const TIME_LIMIT_MS = 600_000;

/** Takes the pictures in docs/images anew: an n8n and a sandbox are started for it, and stopped. */
async function main(): Promise<void> {
	const cleanup = new Cleanup();
	cleanup.onSignals(1);
	findChromium();
	await ensureInstalled();
	const timer = setTimeout(() => {
		console.error(`The pictures were not taken within ${TIME_LIMIT_MS / 1000} s.`);
		void cleanup.run().then(() => process.exit(1));
	}, TIME_LIMIT_MS);
	try {
		console.log('Starting n8n, a sandbox and Chromium...');
		const studio = await openStudio(cleanup);
		selectors.setTestIdAttribute('data-test-id');
		const browser = await launchChromium();
		cleanup.add(async () => await browser.close());
		await play(LIGHT, 'light', browser, studio);
		await play(DARK, 'dark', browser, studio);
	} catch (error) {
		throw error instanceof Failure
			? error
			: new Failure(`The pictures could not be taken: ${messageOf(error)}`);
	} finally {
		clearTimeout(timer);
		await cleanup.run();
	}
}

async function play(
	scenes: Scene[],
	colorScheme: 'light' | 'dark',
	browser: Browser,
	studio: Studio,
): Promise<void> {
	const session = await newSession(browser, { colorScheme });
	const editor = await Editor.open(session, studio.n8nUrl);
	await editor.signIn();
	await editor.page.close();
	for (const scene of scenes) {
		await inTab(session, studio.n8nUrl, `picture-${colorScheme}`, async (tab) => {
			await scene(tab, studio, session);
		});
	}
	await session.close();
}

runCli(main);
