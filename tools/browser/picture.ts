import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';

import { Failure } from '../harness/failure';
import { projectDir } from '../harness/paths';

const IMAGES = join(projectDir, 'docs', 'images');

/** Pictures are kept in the repository, and in every clone of it. */
const MAX_BYTES = 250_000;

const QUIET_MS = 500;

/** Something may move for ever, such as a clock. */
const QUIET_LIMIT_MS = 5000;

/** What is in the way of a picture: messages that go away by themselves, cursors, shortcuts to neighbours. */
const STYLE = `
	#app-toasts, .el-notification, [data-sonner-toaster] { display: none !important; }
	[data-test-id="floating-nodes"], [data-test-id="node-feature-request"] { display: none !important; }
	html, body { overflow: hidden !important; }
	* { caret-color: transparent !important; }
`;

/** n8n's buttons, tabs and warnings, which stand between a reader and the workflow. */
const CANVAS_STYLE = `
	[data-test-id="canvas-wrapper"] button, .n8n-segment-control { visibility: hidden !important; }
	[data-test-id="canvas-handle-plus-wrapper"], [data-test-id="canvas-handle-plus"] { display: none !important; }
	[data-test-id="node-issues"] { visibility: hidden !important; }
`;

/** Around the nodes of a canvas; below them are their names. */
const MARGIN = { top: 30, right: 60, bottom: 80, left: 60 };

/** Saves a picture of a page, or of a part of it, as `docs/images/<name>.png`. */
export async function takePicture(name: string, of: Page | Locator): Promise<void> {
	const page = 'goto' in of ? of : of.page();
	await settle(page);
	const options = { path: getPath(name), animations: 'disabled', style: STYLE } as const;
	await of.screenshot(options);
	checkSize(name);
}

/** Saves a picture of the workflow on the canvas, without the editor around it. */
export async function takeCanvasPicture(name: string, page: Page): Promise<void> {
	await settle(page);
	const boxes = await page.locator('.vue-flow__node').evaluateAll((nodes) =>
		nodes.map((node) => {
			const { left, top, right, bottom } = node.getBoundingClientRect();
			return { left, top, right, bottom };
		}),
	);
	const x = Math.min(...boxes.map(({ left }) => left)) - MARGIN.left;
	const y = Math.min(...boxes.map(({ top }) => top)) - MARGIN.top;
	const width = Math.max(...boxes.map(({ right }) => right)) + MARGIN.right - x;
	const height = Math.max(...boxes.map(({ bottom }) => bottom)) + MARGIN.bottom - y;
	await page.screenshot({
		path: getPath(name),
		animations: 'disabled',
		style: STYLE + CANVAS_STYLE,
		clip: { x, y, width, height },
	});
	checkSize(name);
}

/** Resolves once every icon is loaded and nothing on the page changes any more. */
async function settle(page: Page): Promise<void> {
	// what the pointer happens to be on looks different
	await page.mouse.move(0, 0);
	await page.waitForFunction(() => Array.from(document.images).every(({ complete }) => complete));
	await page.evaluate(
		async ({ quiet, limit }) =>
			await new Promise<void>((resolve) => {
				let timer = setTimeout(resolve, quiet);
				setTimeout(resolve, limit);
				new MutationObserver(() => {
					clearTimeout(timer);
					timer = setTimeout(resolve, quiet);
				}).observe(document, { subtree: true, childList: true, attributes: true });
			}),
		{ quiet: QUIET_MS, limit: QUIET_LIMIT_MS },
	);
	await page.waitForFunction(() => Array.from(document.images).every(({ complete }) => complete));
}

function getPath(name: string): string {
	mkdirSync(IMAGES, { recursive: true });
	return join(IMAGES, `${name}.png`);
}

function checkSize(name: string): void {
	const { size } = statSync(getPath(name));
	if (size > MAX_BYTES)
		throw new Failure(`docs/images/${name}.png has ${size} bytes, more than ${MAX_BYTES}.`);
	console.log(`docs/images/${name}.png`);
}
