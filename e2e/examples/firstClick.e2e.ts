import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext } from 'playwright-core';

import { launchChromium } from '../../tools/browser/chromium';
import { inTab, openSession } from '../../tools/browser/tab';
import { importExample, readExamples } from '../../tools/harness/examples';
import { getWorld, type World } from '../world';

// a page of the editor takes seconds to load where other work goes on
jest.setTimeout(120_000);

/** Its credential is not SafePays' and has to be chosen by hand: the example's note says so. */
const NEEDS_A_CREDENTIAL = ['OpenAI Chat Model'];

let world: World;
let browser: Browser | undefined;
let session: BrowserContext;

beforeAll(async () => {
	world = await getWorld();
	await world.sandbox.reset();
	browser = await launchChromium();
	session = await openSession(browser, world.n8nUrl);
});
afterAll(async () => await browser?.close());

it.each(readExamples())('"$name" shows no red mark after its first click', async (example) => {
	const credentials = await world.client.listCredentials();
	const credential = credentials.find((stored) => stored.id === world.credentialId);
	if (!credential) throw new Error('The world has no credential');
	const own = { ...example, id: randomUUID() };
	const id = await importExample(world.client, own, credential);

	await inTab(session, world.n8nUrl, `first-click-${example.id}`, async (editor) => {
		await editor.openWorkflow(id);
		await editor.firstButton().click();
		await editor.untilAnswered();
		expect(await editor.nodesWithIssues()).toEqual(
			example.nodes.map(({ name }) => name).filter((name) => NEEDS_A_CREDENTIAL.includes(name)),
		);
	});
});
