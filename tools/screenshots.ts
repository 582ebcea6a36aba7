import { parseArgs } from 'node:util';

import type { Browser } from 'playwright-core';

import { Cleanup } from './harness/cleanup';
import { Failure, getMessage, runCli } from './harness/failure';
import { ensureInstalled } from './harness/install';
import { findChromium, launchChromium } from './browser/chromium';
import { DARK, LIGHT, type Scene } from './browser/scenes';
import { openStudio, type Studio } from './browser/studio';
import { inTab, openSession } from './browser/tab';

const TIME_LIMIT_MS = 900_000;

const HELP = `Takes the pictures in docs/images anew: an n8n and a sandbox are started for it, and stopped.

  npm run tool -- screenshots                 all of them
  npm run tool -- screenshots trigger wait    those of these scenes only

Scenes: ${[...Object.keys(LIGHT), ...Object.keys(DARK)].join(', ')}
`;

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		options: { help: { type: 'boolean', short: 'h' } },
		allowPositionals: true,
	});
	if (values.help) {
		process.stdout.write(HELP);
		return;
	}
	const unknown = positionals.find((name) => !(name in LIGHT) && !(name in DARK));
	if (unknown) throw new Failure(`There is no scene "${unknown}".\n\n${HELP}`);
	const wanted = (scenes: Record<string, Scene>) =>
		Object.entries(scenes).flatMap(([name, scene]) =>
			positionals.length === 0 || positionals.includes(name) ? [scene] : [],
		);
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
		const browser = await launchChromium();
		cleanup.add(async () => await browser.close());
		await play(wanted(LIGHT), 'light', browser, studio);
		await play(wanted(DARK), 'dark', browser, studio);
	} catch (error) {
		throw error instanceof Failure
			? error
			: new Failure(`The pictures could not be taken: ${getMessage(error)}`);
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
	const session = await openSession(browser, studio.url, { colorScheme });
	for (const scene of scenes) {
		await inTab(session, studio.url, `picture-${colorScheme}`, async (tab) => {
			await scene(tab, studio, session);
		});
	}
	await session.close();
}

runCli(main);
