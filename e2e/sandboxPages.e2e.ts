import type { Browser, Page } from 'playwright-core';

import { startSandbox } from '../sandbox';
import type { Sandbox } from '../sandbox';
import { launchChromium, newSession } from '../tools/browser/chromium';
import { getWorld } from './world';

let browser: Browser;
let sandbox: Sandbox;
let page: Page;

beforeAll(async () => {
	browser = await launchChromium();
});

afterAll(async () => await browser.close());

beforeEach(async () => {
	sandbox = await startSandbox();
	page = await (await newSession(browser)).newPage();
});

afterEach(async () => {
	await page.context().close();
	await sandbox.close();
});

function bill(fields: object = {}) {
	return sandbox.books.createInvoice(sandbox.apiKey, {
		email: 'ada@example.com',
		amount: 200,
		...fields,
	});
}

it('follows what happens by itself, and loses nothing that is being typed or selected', async () => {
	await page.goto(sandbox.url);
	await page.getByText('Make something go wrong').click();
	await page.getByLabel('Path starts with').fill('/api/v2/inv');
	const { id } = bill();
	await page.locator('#invoices').getByText(id).waitFor();
	sandbox.addFault({ kind: 'hang' });
	await page.getByText('1 fault is active').waitFor();
	expect(await page.getByLabel('Path starts with').inputValue()).toBe('/api/v2/inv');
	expect(await page.getByRole('button', { name: 'Add fault' }).isVisible()).toBe(true);

	await page.locator('#invoices').getByText(id).selectText();
	const later = bill();
	sandbox.clearFaults();
	await page.getByText('1 fault is active').waitFor({ state: 'detached' });
	expect(await page.evaluate(() => getSelection()?.toString())).toBe(id);
	expect(await page.locator('#invoices').getByText(later.id).count()).toBe(0);
	await page.evaluate(() => getSelection()?.removeAllRanges());
	await page.locator('#invoices').getByText(later.id).waitFor();
});

it('says when the sandbox has stopped', async () => {
	await page.goto(sandbox.url);
	await sandbox.close();
	await page.locator('html.stopped').waitFor();
});

it('asks before it deletes, and refuses a fault that is empty', async () => {
	const { id } = bill();
	await page.goto(sandbox.url);
	const remove = page.getByRole('button', { name: 'Delete everything' });
	expect(await remove.isVisible()).toBe(false);
	await page.getByText('Forget everything').click();
	await remove.click();
	await page.locator('#invoices').getByText('None yet.').waitFor();
	expect(sandbox.books.invoices.has(id)).toBe(false);

	await page.getByText('Make something go wrong').click();
	await page.getByRole('button', { name: 'Add fault' }).click();
	const state = await fetch(`${sandbox.url}/sandbox/state`);
	expect(await state.json()).toMatchObject({ faults: [] });
});

it('says what n8n makes of a payment while nothing is published, and leads back', async () => {
	const { n8nUrl } = await getWorld();
	const { id } = bill({ webhook_url: `${n8nUrl}/webhook/nothing-is-here` });
	await page.goto(`${sandbox.url}/pay/${id}`);
	await page.getByRole('button', { name: /^Pay / }).click();
	await page.getByText('404: is the workflow published?').waitFor();
	await page.getByRole('button', { name: 'Send to the test URL' }).click();
	await page.locator('#invoices').getByText('404: is n8n listening for a test event?').waitFor();
	await page.goto(`${sandbox.url}/pay/${id}/thank-you`);
	await page.getByRole('link', { name: 'Back to the home page' }).click();
	await page.locator('#invoices').getByText(id).waitFor();
});
