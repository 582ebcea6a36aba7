import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

import { ROOT } from './markdown';

/** What the code says: its fixed text, with `…` for what it fills in. */
type Message = string;

/** Calls that say something, and which of their arguments is it. */
const SAYING: Record<string, number> = {
	InvalidInput: 1,
	NodeOperationError: 1,
	failed: 0,
	warn: 0,
	error: 0,
};

/** Properties and variables that hold something said. */
const SAID = new Set(['message', 'errorMessage', 'error']);

/** Every message that the text of the shipped code holds, so that a new one cannot be forgotten. */
export function messagesInCode(): Message[] {
	const found = ['credentials', 'nodes'].flatMap((folder) => sourcesIn(join(ROOT, folder)).flatMap(messagesOf));
	// Without fixed words it only passes on what somebody else says.
	return [...new Set(found)].filter((message) => /\p{L}{2}/u.test(message.replace('[item …]', '')));
}

/** The keys of an object literal that is declared in a file of the shipped code. */
export function keysInCode(path: string, variable: string): string[] {
	const keys: string[] = [];
	visit(parse(join(ROOT, path)), (node) => {
		if (!ts.isVariableDeclaration(node) || node.name.getText() !== variable) return;
		if (!node.initializer || !ts.isObjectLiteralExpression(node.initializer)) return;
		for (const { name } of node.initializer.properties) {
			if (name && (ts.isStringLiteral(name) || ts.isIdentifier(name))) keys.push(name.text);
		}
	});
	return keys;
}

/**
 * A number that is declared in a file of the shipped code, in digits.
 *
 * @throws Error if there is none of that name
 */
export function numberInCode(path: string, variable: string): number {
	let found: number | undefined;
	visit(parse(join(ROOT, path)), (node) => {
		if (!ts.isVariableDeclaration(node) || node.name.getText() !== variable) return;
		if (node.initializer && ts.isNumericLiteral(node.initializer)) found = Number(node.initializer.text);
	});
	if (found === undefined) throw new Error(`${path} has no number ${variable}`);
	return found;
}

function sourcesIn(folder: string): string[] {
	return readdirSync(folder, { recursive: true, encoding: 'utf8' })
		.filter((path) => path.endsWith('.ts'))
		.map((path) => join(folder, path));
}

function messagesOf(path: string): Message[] {
	const found: Message[] = [];
	visit(parse(path), (node) => {
		if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
			const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.getText();
			const said = Object.hasOwn(SAYING, name) ? node.arguments?.[SAYING[name]] : undefined;
			if (said) found.push(...textsOf(said));
		}
		if (ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) {
			if (node.initializer && SAID.has(node.name.getText())) found.push(...textsOf(node.initializer));
		}
	});
	return found;
}

function textsOf(node: ts.Expression): Message[] {
	if (ts.isStringLiteralLike(node)) return [node.text];
	if (ts.isTemplateExpression(node)) {
		return [node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')];
	}
	if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
	return [];
}

function parse(path: string): ts.SourceFile {
	return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
	look(node);
	ts.forEachChild(node, (child) => visit(child, look));
}
