import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

import packageJson from '../../package.json';
import { allPages, codesIn, ROOT } from './markdown';

const pages = allPages();
const blocks = pages.flatMap(({ path, codeBlocks }) => codeBlocks.map(({ lang = '', text }) => ({ path, lang, text })));
const inLanguage = (...languages: string[]) => blocks.filter(({ lang }) => languages.includes(lang));

/** Commands of `sh` blocks, and what stands in `code` and begins with npm or npx. */
const commands = [
	...inLanguage('sh', 'bash', 'shell').flatMap(({ path, text }) => text.split('\n').map((line) => ({ path, line: line.trim() }))),
	...pages.flatMap(({ path, text }) => codesIn(text).map((line) => ({ path, line }))),
].filter(({ line }) => line !== '' && !line.startsWith('#'));

it('every code block says its language', () => {
	expect(blocks.filter(({ lang }) => lang === '')).toEqual([]);
});

it('every json block is JSON', () => {
	const broken = inLanguage('json').flatMap(({ path, text }) => {
		try {
			JSON.parse(text);
			return [];
		} catch (error) {
			return [`${path}: ${String(error)}`];
		}
	});
	expect(broken).toEqual([]);
});

it('every ts and js block can be read', () => {
	const broken = inLanguage('ts', 'typescript', 'js', 'javascript').flatMap(({ path, text }) => {
		const { diagnostics = [] } = ts.transpileModule(text, { reportDiagnostics: true });
		return diagnostics.map(({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
	});
	expect(broken).toEqual([]);
});

it('every npm script that is named exists', () => {
	const scripts = Object.keys(packageJson.scripts);
	const named = commands.flatMap(({ path, line }) =>
		[...line.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(([, run, short]) => ({ path, script: run ?? short })),
	);
	expect(named.length).toBeGreaterThan(0);
	expect(named.filter(({ script }) => !scripts.includes(script))).toEqual([]);
});

it('every file that a command names exists', () => {
	const named = commands
		.filter(({ line }) => /^(npx|node|tsx|cat|bash|sh|\.\/)\b/.test(line))
		.flatMap(({ path, line }) => [...line.matchAll(/(?<![\w./:-])[\w.-]+(?:\/[\w.-]+)*\.(?:ts|js|json|mjs|sh)\b/g)].map(([file]) => ({ path, file })));
	expect(named.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
});

it('every environment variable that is named is read somewhere', () => {
	const sources = ['bench', 'credentials', 'e2e', 'nodes', 'sandbox', 'test'].flatMap((folder) => filesIn(join(ROOT, folder), /\.ts$/));
	const workflows = filesIn(join(ROOT, '.github', 'workflows'), /\.yml$/);
	const ours = [...sources, ...workflows].map((path) => readFileSync(path, 'utf8')).join('\n');
	// What n8n reads is declared in its own packages.
	const n8n = filesIn(join(ROOT, 'node_modules', '@n8n', 'config', 'dist'), /\.js$/).map((path) => readFileSync(path, 'utf8')).join('\n');
	const named = pages.flatMap(({ path, text }) =>
		[...text.matchAll(/(?<![\w'"/.-])[A-Z][A-Z\d]*(?:_[A-Z\d]+)+(?![\w-]|\.md)/g)].map(([variable]) => ({ path, variable })),
	);
	expect(named.length).toBeGreaterThan(0);
	const known = (variable: string) =>
		n8n.includes(`Env)('${variable}'`) ||
		new RegExp(`process\\.env\\.${variable}\\b|secrets\\.${variable}\\b|seedFromEnv\\('${variable}'|\\b${variable}: `).test(ours);
	expect(named.filter(({ variable }) => !known(variable))).toEqual([]);
});

function filesIn(folder: string, name: RegExp): string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		if (entry.name === 'node_modules') return [];
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return filesIn(path, name);
		return name.test(entry.name) ? [path] : [];
	});
}
