import type { Page } from 'playwright-core';

/** What an open trigger has besides the parameters of every node. */
export class TriggerPanel {
	constructor(private readonly page: Page) {}

	/** Unfolds the webhook's URLs. */
	async showUrls(): Promise<void> {
		await this.page.getByText('Webhook URLs', { exact: true }).click();
		await this.page.locator('.webhook-url').waitFor();
	}

	/** Copies the test URL, by a click on it, and resolves with what is in the clipboard then. */
	async copyTestUrl(): Promise<string> {
		await this.page.getByTestId('radio-button-test').click();
		await this.page.locator('.webhook-url').click();
		await this.page.getByText('URL copied').waitFor();
		return await this.page.evaluate(async () => await navigator.clipboard.readText());
	}

	/** Resolves once n8n takes one notification at the test URL. */
	async listen(): Promise<void> {
		await this.page.getByTestId('trigger-execute-button').click();
		await this.page.getByText('Listening for test event').waitFor();
	}
}
