import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import GithubSlugger from 'github-slugger';
import type { Token, Tokens } from 'marked';
import { lexer, walkTokens } from 'marked';

export const ROOT = join(__dirname, '..', '..');

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git', '.n8n-local']);

/** A Markdown file of the repository, read as GitHub reads it. */
export interface Page {
	/** From the repository's root, e.g. `docs/trigger.md`. */
	path: string;
	text: string;
	tokens: Token[];
	/** What can stand behind a `#`: GitHub's slugs of the headings. */
	anchors: Set<string>;
	/** Where links and images lead, as written. */
	links: string[];
	/** Sources of images, as written. */
	images: string[];
	codeBlocks: Tokens.Code[];
}

/** A table, its cells as Markdown. */
export interface Table {
	header: string[];
	rows: string[][];
}

/** Every Markdown file of the repository. */
export function allPages(): Page[] {
	return markdownIn(ROOT).map((path) => pageAt(relative(ROOT, path)));
}

function markdownIn(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		if (NOT_OURS.has(entry.name)) return [];
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return markdownIn(path);
		return entry.name.endsWith('.md') ? [path] : [];
	});
}

/** @param path from the repository's root */
export function pageAt(path: string): Page {
	const text = readFileSync(join(ROOT, path), 'utf8');
	const tokens = lexer(text);
	const slugger = new GithubSlugger();
	const headings = flat(tokens).filter((token): token is Tokens.Heading => token.type === 'heading');
	const html = flat(tokens).filter(({ type }) => type === 'html').map(({ raw }) => raw).join('\n');
	const images = [
		...ofType<Tokens.Image>(tokens, 'image').map(({ href }) => href),
		...[...html.matchAll(/<(?:img|source)\b[^>]*?\bsrc(?:set)?="([^"]+)"/g)].map(([, source]) => source),
	];
	const hrefs = [...html.matchAll(/<a\b[^>]*?\bhref="([^"]+)"/g)].map(([, href]) => href);
	return {
		path,
		text,
		tokens,
		anchors: new Set(headings.map((heading) => slugger.slug(plain(heading.tokens)))),
		links: [...ofType<Tokens.Link>(tokens, 'link').map(({ href }) => href), ...hrefs, ...images],
		images,
		codeBlocks: ofType<Tokens.Code>(tokens, 'code'),
	};
}

/** A relative link's file from the repository's root, and its anchor, '' if it has none. */
export function targetOf(page: Page, link: string): { path: string; anchor: string } {
	const [file, anchor = ''] = link.split('#');
	return { path: file === '' ? page.path : join(dirname(page.path), decodeURI(file)), anchor };
}

/**
 * The tokens under a heading, up to the next one of its rank or a higher one.
 *
 * @throws Error if the page has no such heading
 */
export function section({ path, tokens }: Page, heading: string): Token[] {
	const start = tokens.findIndex((token) => token.type === 'heading' && token.text === heading);
	if (start < 0) throw new Error(`${path} has no heading "${heading}"`);
	const { depth } = tokens[start] as Tokens.Heading;
	const rest = tokens.slice(start + 1);
	const end = rest.findIndex((token) => token.type === 'heading' && (token as Tokens.Heading).depth <= depth);
	return end < 0 ? rest : rest.slice(0, end);
}

/** The tables among tokens; `first` chooses those with this first header cell. */
export function tablesIn(tokens: Token[], first?: string): Table[] {
	return ofType<Tokens.Table>(tokens, 'table')
		.map(({ header, rows }) => ({
			header: header.map(({ text }) => text),
			rows: rows.map((row) => row.map(({ text }) => text)),
		}))
		.filter(({ header }) => first === undefined || header[0] === first);
}

/** All tokens of a type, however deep. */
export function ofType<T extends Token>(tokens: Token[], type: T['type']): T[] {
	return flat(tokens).filter((token) => token.type === type) as T[];
}

/** What stands in `code` in a piece of Markdown. */
export const codesIn = (markdown: string) => ofType<Tokens.Codespan>(lexer(markdown), 'codespan').map(({ text }) => text);

/** What stands in **bold** among tokens. */
export const boldIn = (tokens: Token[]) => ofType<Tokens.Strong>(tokens, 'strong').map(({ text }) => text);

export const jsonBlocksIn = (tokens: Token[]) =>
	ofType<Tokens.Code>(tokens, 'code')
		.filter(({ lang }) => lang === 'json')
		.map(({ text }) => JSON.parse(text) as unknown);

function flat(tokens: Token[]): Token[] {
	const all: Token[] = [];
	walkTokens(tokens, (token) => void all.push(token));
	return all;
}

function plain(tokens: Token[] = []): string {
	return tokens
		.map((token) => ('tokens' in token && token.tokens ? plain(token.tokens) : ((token as Tokens.Text).text ?? '')))
		.join('');
}
