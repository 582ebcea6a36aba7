import type { Locator, Page } from 'playwright-core';

import { CredentialDialog } from './credential-dialog';

/** An open node: its input, parameters and output. */
export class NodePanel {
	readonly output: Locator;

	readonly parameters: Locator;

	private constructor(readonly page: Page) {
		this.output = page.getByTestId('output-panel');
		this.parameters = page.getByTestId('node-parameters');
	}

	/** Resolves once the panel of a node is there. */
	static async opened(page: Page): Promise<NodePanel> {
		const panel = new NodePanel(page);
		await panel.parameters.waitFor();
		return panel;
	}

	/** The control of a parameter; of a list's entries, the first unless `entry` says otherwise. */
	parameter(name: string, entry = 0): Locator {
		return this.parameters.getByTestId(`parameter-input-${name}`).nth(entry);
	}

	async fill(name: string, value: string, entry = 0): Promise<void> {
		// a resource locator has its mode before the value
		await this.parameter(name, entry).locator('input').last().fill(value);
	}

	/** Chooses from a list. */
	async choose(name: string, option: string | RegExp): Promise<void> {
		await this.parameter(name).click();
		await this.option(option).click();
	}

	/** What a list offers, each with its explanation. */
	async options(name: string): Promise<string[]> {
		await this.parameter(name).click();
		const options = this.page.locator('.el-select-dropdown__item:visible');
		await options.first().waitFor();
		const texts = await options.allInnerTexts();
		await this.parameter(name).click();
		return texts;
	}

	/** The names of the parameters on show, in their order. */
	async labels(): Promise<string[]> {
		const labels = this.parameters.getByTestId('input-label').filter({ visible: true });
		return (await labels.allInnerTexts()).map((text) => text.split('\n')[0].trim());
	}

	/** Picks a credential that there is. */
	async useCredential(id: string): Promise<void> {
		await this.page.getByTestId('node-credentials-select').click();
		await this.page.getByTestId(`node-credentials-select-item-${id}`).click();
	}

	async createCredential(): Promise<CredentialDialog> {
		await this.page.getByTestId('node-credentials-select').click();
		await this.page.getByTestId('node-credentials-select-item-new').click();
		return await CredentialDialog.opened(this.page);
	}

	async editCredential(): Promise<CredentialDialog> {
		await this.page.getByTestId('credential-edit-button').click();
		return await CredentialDialog.opened(this.page);
	}

	async addLineItem(): Promise<void> {
		await this.page
			.getByTestId('fixed-collection-lineItems')
			.getByTestId('fixed-collection-add')
			.click();
	}

	/** Runs the node, or has a trigger listen. */
	async execute(): Promise<void> {
		await this.page.getByTestId('node-execute-button').click();
	}

	/** The output as JSON, on one line, once there is some. */
	async showJson(): Promise<string> {
		await this.output.getByTestId('radio-button-json').click();
		const json = this.output.getByTestId('ndv-data-container');
		await json.getByText(/[[{]/).first().waitFor();
		return (await json.innerText()).replace(/\s+/g, ' ');
	}

	/** Resolves with a failed node's message and what is said below it. */
	async error(): Promise<{ message: string; description: string }> {
		const message = this.output.getByTestId('node-error-message');
		await message.waitFor();
		const description = this.output.getByTestId('node-error-description');
		return { message: await message.innerText(), description: await description.innerText() };
	}

	async close(): Promise<void> {
		await this.page.getByTestId('ndv-close-button').click();
		await this.page.getByTestId('ndv').waitFor({ state: 'hidden' });
	}

	private option(name: string | RegExp): Locator {
		return this.page.locator('.el-select-dropdown__item:visible').filter({ hasText: name }).first();
	}
}
