import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Failure } from '../harness/failure';
import { projectDir } from '../harness/paths';
import {
	credentialTestTable,
	fieldErrorTable,
	refusalTable,
	requestErrorTable,
	uniqueKeyErrorTable,
} from './errors';
import { drawGraph, readShippedGraph, readTreeGraph } from './importGraph';
import {
	describeOperation,
	describeOptions,
	listOperations,
	operationLinks,
	operationTable,
} from './operations';
import { processMemoryTable } from './processMemory';
import { retryTable } from './retryPolicy';

/** What stands between the markers of a name, in whichever page has them. */
const BLOCKS: Record<string, () => string | Promise<string>> = {
	'operation table': operationTable,
	'operation links': operationLinks,
	options: describeOptions,
	...Object.fromEntries(
		listOperations().map((listed) => [listed.title, () => describeOperation(listed)]),
	),
	'retry policy': retryTable,
	refusals: refusalTable,
	'request errors': requestErrorTable,
	'unique key errors': uniqueKeyErrorTable,
	'field errors': fieldErrorTable,
	'credential test': credentialTestTable,
	'process memory': processMemoryTable,
	'folders of the package': () => drawAsText(readShippedGraph(projectDir)),
	'folders of the repository': () => drawAsText(readTreeGraph(projectDir)),
};

const OPERATIONS_PAGE = 'docs/operations.md';
/** The section of it that follows those of the operations. */
const AFTER_OPERATIONS = '\n## Options\n';

const BLOCK = /(<!-- npm run docs: (.+?) -->\n)([^]*?)(<!-- end -->)/g;

/** The pages in which something may be generated, as paths in the repository. */
export const PAGES = [
	'README.md',
	...readdirSync(join(projectDir, 'docs'))
		.filter((name) => name.endsWith('.md'))
		.map((name) => `docs/${name}`),
];

export function readPage(page: string): string {
	return readFileSync(join(projectDir, page), 'utf8');
}

/**
 * A page with everything between markers made anew; a new operation gets a section.
 *
 * @throws Failure for markers around nothing that can be generated
 */
export async function renderPage(page: string): Promise<string> {
	const text = page === OPERATIONS_PAGE ? addSections(readPage(page)) : readPage(page);
	const blocks = new Map<string, string>();
	for (const [, , name] of text.matchAll(BLOCK)) {
		if (!Object.hasOwn(BLOCKS, name)) {
			throw new Failure(`${page}: there is no "${name}" to generate. Remove it with its section.`);
		}
		blocks.set(name, await BLOCKS[name]());
	}
	return text.replace(
		BLOCK,
		(_, start: string, name: string, _old: string, end: string) =>
			`${start}${blocks.get(name)}\n${end}`,
	);
}

function addSections(text: string): string {
	const sections = listOperations()
		.filter(({ title }) => !text.includes(`<!-- npm run docs: ${title} -->`))
		.map(({ title }) => `\n## ${title}\n\n<!-- npm run docs: ${title} -->\n<!-- end -->\n`);
	return text.replace(AFTER_OPERATIONS, (heading) => sections.join('') + heading);
}

function drawAsText(graph: Parameters<typeof drawGraph>[0]): string {
	return `\`\`\`text\n${drawGraph(graph)}\n\`\`\``;
}
