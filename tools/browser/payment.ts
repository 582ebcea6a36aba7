import type { BrowserContext } from 'playwright-core';

/** Opens a payment link in a tab of its own and pays there, as a customer would. */
export async function payInBrowser(context: BrowserContext, paymentLink: string): Promise<void> {
	const page = await context.newPage();
	try {
		await page.goto(paymentLink);
		await page.getByRole('button', { name: /^Pay / }).click();
		await page.getByRole('heading', { name: 'Thank you' }).waitFor();
	} finally {
		await page.close();
	}
}
