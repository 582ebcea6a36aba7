import type { Browser, BrowserContext } from 'playwright-core';

import { launchChromium } from '../../tools/browser/chromium';
import { inTab, openSession } from '../../tools/browser/tab';
import { readExamples } from '../../tools/harness/examples';
import { getWorld } from '../world';
import { stage } from './stage';

// a page of the editor takes seconds to load where other work goes on
jest.setTimeout(120_000);

/** Its credential is not SafePays' and has to be chosen by hand: the example's note says so. */
const NEEDS_A_CREDENTIAL = ['OpenAI Chat Model'];

let n8nUrl: string;
let browser: Browser | undefined;
let session: BrowserContext;

beforeAll(async () => {
	({ n8nUrl } = await getWorld());
	browser = await launchChromium();
	session = await openSession(browser, n8nUrl);
});
afterAll(async () => await browser?.close());

it.each(readExamples())('"$name" shows no red mark after its first click', async (example) => {
	const { id } = await stage(example.id);
	await inTab(session, n8nUrl, `first-click-${example.id}`, async (editor) => {
		await editor.openWorkflow(id);
		await editor.firstButton().click();
		await editor.untilAnswered();
		expect(await editor.nodesWithIssues()).toEqual(
			example.nodes.map(({ name }) => name).filter((name) => NEEDS_A_CREDENTIAL.includes(name)),
		);
	});
});
