import type { Locator, Page } from 'playwright-core';

/** The dialog in which a credential is made, changed and tested. */
export class CredentialDialog {
	readonly dialog: Locator;

	private constructor(page: Page) {
		this.dialog = page.getByTestId('editCredential-modal');
	}

	static async opened(page: Page): Promise<CredentialDialog> {
		const credential = new CredentialDialog(page);
		await credential.dialog.getByTestId('credential-save-button').waitFor();
		return credential;
	}

	async fill(name: string, value: string): Promise<void> {
		await this.dialog.getByTestId(`parameter-input-${name}`).locator('input').fill(value);
	}

	/** Saves, which also tests. After a first good test n8n closes the dialog. */
	async save(): Promise<void> {
		await this.dialog.getByTestId('credential-save-button').click();
	}

	/** Resolves once n8n says that the test has passed. */
	async untilPassed(): Promise<void> {
		await this.dialog.getByText('Connection tested successfully').waitFor();
	}

	/** Resolves once n8n says that the test has failed, and under "More details" why. */
	async untilFailed(reason: string): Promise<void> {
		await this.dialog.getByText(/Couldn.t connect with these settings/).waitFor();
		await this.dialog.getByText('More details').click();
		await this.dialog.getByText(reason).waitFor();
	}

	async untilClosed(): Promise<void> {
		await this.dialog.waitFor({ state: 'hidden' });
	}

	async close(): Promise<void> {
		// Escape would close the node behind it as well
		await this.dialog.getByRole('button', { name: 'Close' }).click();
		await this.untilClosed();
	}
}
