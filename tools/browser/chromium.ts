import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';

import { Failure, getMessage } from '../harness/failure';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const APPLICATIONS = [
	'/Applications/Chromium.app/Contents/MacOS/Chromium',
	'/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const ARGUMENTS = [
	// Chromium's sandbox does not work for root, nor in most containers
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

export const VIEWPORT = { width: 1280, height: 800 };

/** How long anything on a page may take that is not said to take longer. */
const PATIENCE_MS = 20_000;

/** The path of the Chromium or Chrome of this machine. Throws a `Failure` when there is none. */
export function findChromium(): string {
	const wanted = process.env.CHROMIUM_PATH;
	if (wanted) {
		if (isProgram(wanted)) return wanted;
		throw new Failure(`CHROMIUM_PATH is "${wanted}", which is no program.`);
	}
	const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
	const found = [
		...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))),
		...APPLICATIONS,
	].find(isProgram);
	if (found) return found;
	throw new Failure(
		'There is no Chromium on this machine: install it (Debian, Ubuntu: "apt-get install chromium") or set CHROMIUM_PATH to a Chromium or Chrome.',
	);
}

/** Starts a headless browser; it ends with this process at the latest. */
export async function launchChromium(): Promise<Browser> {
	const executablePath = findChromium();
	try {
		return await chromium.launch({ executablePath, args: ARGUMENTS, timeout: 60_000 });
	} catch (error) {
		throw new Failure(`${executablePath} did not start: ${getMessage(error).split('\n')[0]}`);
	}
}

/** A session of its own in the browser, which reaches nothing but this machine. */
export async function newSession(
	browser: Browser,
	{ colorScheme = 'light' }: { colorScheme?: 'light' | 'dark' } = {},
): Promise<BrowserContext> {
	const context = await browser.newContext({
		viewport: VIEWPORT,
		deviceScaleFactor: 1,
		colorScheme,
		locale: 'en-US',
		timezoneId: 'UTC',
		permissions: ['clipboard-read', 'clipboard-write'],
	});
	context.setDefaultTimeout(PATIENCE_MS);
	await context.route(
		({ hostname }) => hostname !== '127.0.0.1',
		async (route) => await route.abort(),
	);
	return context;
}

function isProgram(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
