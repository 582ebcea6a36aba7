import type { BrowserContext, Locator, Page } from 'playwright-core';

import { OWNER } from '../harness/client';
import { NodePanel } from './node-panel';

/** n8n's editor in one tab. What it finds it finds by n8n's own test IDs. */
export class Editor {
	constructor(
		readonly page: Page,
		private readonly url: string,
	) {}

	/** A new tab. */
	static async open(context: BrowserContext, n8nUrl: string): Promise<Editor> {
		return new Editor(await context.newPage(), n8nUrl);
	}

	get(testId: string): Locator {
		return this.page.getByTestId(testId);
	}

	/** Fills in the sign-in page; every tab of the session is signed in afterwards. */
	async signIn(): Promise<void> {
		await this.page.goto(`${this.url}/signin`);
		const form = this.get('auth-form');
		await form.locator('input[type=email]').fill(OWNER.email);
		await form.locator('input[type=password]').fill(OWNER.password);
		await form.getByTestId('form-submit-button').click();
		await this.page.waitForURL(/\/home\//);
	}

	/** An empty canvas. */
	async newWorkflow(): Promise<void> {
		await this.page.goto(`${this.url}/workflow/new`);
		await this.get('canvas-plus-button').waitFor();
	}

	async openWorkflow(id: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${id}`);
		await this.get('canvas-node').first().waitFor();
	}

	/** Shows the latest execution of a workflow. */
	async openExecutions(id: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${id}/executions`);
		await this.get('canvas-node-status-success').first().waitFor();
	}

	/** Opens the nodes panel of an empty canvas. */
	async openNodesPanel(): Promise<void> {
		await this.get('canvas-plus-button').click();
		await this.get('node-creator-search-bar').waitFor();
	}

	/** Searches in the nodes panel; resolves with the hit of that name once it is shown. */
	async findNode(words: string, name: string): Promise<Locator> {
		await this.get('node-creator-search-bar').fill(words);
		const hit = this.get('item-iterator-item').filter({
			has: this.page.getByTestId('node-creator-item-name').getByText(name, { exact: true }),
		});
		await hit.waitFor();
		return hit;
	}

	/** Clicks an action or event of the node whose details the nodes panel shows; the node opens. */
	async addAction(name: string): Promise<NodePanel> {
		const action = this.get('node-creator-item-name').getByText(name, { exact: true });
		// the panel unfolds either the triggers or the actions, as suits an empty canvas
		const folded = this.get('node-creator-category-item').filter({ hasText: 'Actions' });
		await folded.waitFor();
		if (!(await action.isVisible())) await folded.click();
		await action.click();
		return await NodePanel.opened(this.page);
	}

	/** The box of a node on the canvas. */
	node(name: string): Locator {
		return this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	}

	async openNode(name: string): Promise<NodePanel> {
		// the label below the box does not take the click
		await this.node(name).locator('.n8n-node-icon').dblclick();
		return await NodePanel.opened(this.page);
	}

	/** Publishes the workflow of an open canvas. */
	async publish(): Promise<void> {
		await this.get('workflow-open-publish-modal-button').click();
		await this.get('workflow-publish-button').click();
		await this.get('workflow-publish-button').waitFor({ state: 'hidden' });
	}

	async zoomToFit(): Promise<void> {
		await this.get('zoom-to-fit').click();
	}

	async execute(): Promise<void> {
		await this.get('execute-workflow-button').click();
	}

	/** What a newcomer clicks first: "Execute workflow", or "Open chat" in its place. */
	firstButton(): Locator {
		return this.get('execute-workflow-button').or(this.get('workflow-chat-button')).first();
	}

	/** Resolves once a run has succeeded or waits, or once a form, a chat or a webhook waits for input. */
	async untilAnswered(): Promise<void> {
		await this.page
			.getByText('Workflow executed successfully')
			.or(this.page.locator('[data-test-id="canvas-node"].waiting'))
			.or(this.get('stop-execution-waiting-for-webhook-button'))
			.or(this.get('canvas-chat'))
			.first()
			.waitFor();
	}

	/** The names of the nodes with a red mark: something is missing, or they have failed. */
	async nodesWithIssues(): Promise<string[]> {
		const nodes = this.get('canvas-node').filter({ has: this.get('node-issues') });
		return await nodes.evaluateAll((boxes) =>
			boxes.map((box) => String(box.getAttribute('data-node-name'))),
		);
	}

	/** Resolves once a node shows that it is waiting. */
	async untilWaiting(name: string): Promise<void> {
		await this.page
			.locator(`[data-test-id="canvas-node"][data-node-name="${name}"].waiting`)
			.waitFor();
	}

	/** Resolves once nothing runs any more. */
	async untilIdle(): Promise<void> {
		await this.get('execute-workflow-button').getByText('Execute workflow').waitFor();
		await this.get('edge-label').getByText('1 item').first().waitFor();
	}

	/** Resolves once a node has its green tick. */
	async untilSucceeded(name: string): Promise<void> {
		await this.node(name).getByTestId('canvas-node-status-success').waitFor();
	}
}
