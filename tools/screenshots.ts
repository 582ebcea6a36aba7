import { parseArgs } from 'node:util';

import type { Browser } from 'playwright-core';

import { Failure, runCli, showHelp } from './harness/failure';
import { runWithN8n } from './harness/runWithN8n';
import { findChromium, launchChromium } from './browser/chromium';
import { DARK, LIGHT, type Scene } from './browser/scenes';
import { openStudio, type Studio } from './browser/studio';
import { inTab, openSession } from './browser/tab';

const HELP = `Takes the pictures in docs/images anew: an n8n and a sandbox are started for it, and stopped.

  npm run tool -- screenshots                 all of them
  npm run tool -- screenshots trigger wait    those of these scenes only

Scenes: ${[...Object.keys(LIGHT), ...Object.keys(DARK)].join(', ')}
`;

runCli(async () => {
	showHelp(HELP);
	const { positionals } = parseArgs({ allowPositionals: true });
	const unknown = positionals.find((name) => !(name in LIGHT) && !(name in DARK));
	if (unknown) throw new Failure(`There is no scene "${unknown}".\n\n${HELP}`);
	const wanted = (scenes: Record<string, Scene>) =>
		Object.entries(scenes).flatMap(([name, scene]) =>
			positionals.length === 0 || positionals.includes(name) ? [scene] : [],
		);
	findChromium();
	await runWithN8n(900_000, async (cleanup) => {
		console.log('Starting n8n, a sandbox and Chromium...');
		const studio = await openStudio(cleanup);
		const browser = await launchChromium();
		cleanup.add(async () => await browser.close());
		await play(wanted(LIGHT), 'light', browser, studio);
		await play(wanted(DARK), 'dark', browser, studio);
	});
});

async function play(
	scenes: Scene[],
	colorScheme: 'light' | 'dark',
	browser: Browser,
	studio: Studio,
): Promise<void> {
	const session = await openSession(browser, studio.url, { colorScheme });
	for (const scene of scenes) {
		await inTab(session, studio.url, `picture-${colorScheme}`, async (tab) => {
			await scene(tab, studio, session);
		});
	}
	await session.close();
}
