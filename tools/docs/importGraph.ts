import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

import { preProcessFile } from 'typescript';

const TREES = ['credentials', 'nodes', 'sandbox', 'tools', 'test', 'e2e'];

/** What is kept in a folder of its own in `nodes/SafePays`, or in a file beside these folders. */
const SHIPPED = join('nodes', 'SafePays');

/** Who imports whom: by name, the names of what it imports. */
export type ImportGraph = Map<string, Set<string>>;

/** The trees of the repository. */
export function readTreeGraph(root: string): ImportGraph {
	return readGraph(root, TREES, (path) => path.split(sep)[0]);
}

/** The folders in `nodes/SafePays`, with the node classes as one. */
export function readShippedGraph(root: string): ImportGraph {
	return readGraph(root, [SHIPPED], (path) => {
		if (!path.startsWith(SHIPPED)) return path.split(sep)[0];
		const [name] = path.slice(SHIPPED.length + 1).split(sep);
		return name.endsWith('.node') ? '*.node' : name;
	});
}

/**
 * A graph as text, each name above those that it imports. An arrow that leads up is a cycle, and
 * has its name marked with `↑`.
 */
export function drawGraph(graph: ImportGraph): string {
	const order = sortTopDown(graph);
	const width = Math.max(...order.map(({ length }) => length));
	return order
		.map((name, line) => {
			const imported = order.filter((other) => graph.get(name)?.has(other));
			const shown = imported.map((other) => (order.indexOf(other) < line ? `${other}↑` : other));
			return `${name.padEnd(width)}  →  ${shown.join(', ') || '-'}`;
		})
		.join('\n');
}

function readGraph(root: string, trees: string[], getName: (path: string) => string): ImportGraph {
	const graph: ImportGraph = new Map();
	for (const path of trees.flatMap((tree) => listSources(root, tree))) {
		const name = getName(path.replace(/\.ts$/, ''));
		const imports = graph.get(name) ?? new Set();
		graph.set(name, imports);
		for (const { fileName } of preProcessFile(readFileSync(join(root, path), 'utf8'))
			.importedFiles) {
			if (!fileName.startsWith('.') || fileName.endsWith('.json')) continue;
			const imported = getName(join(path, '..', fileName));
			if (imported !== name) imports.add(imported);
		}
	}
	for (const imports of [...graph.values()]) {
		for (const name of imports) if (!graph.has(name)) graph.set(name, new Set());
	}
	return graph;
}

function listSources(root: string, tree: string): string[] {
	if (!existsSync(join(root, tree))) return [];
	return readdirSync(join(root, tree), { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
		.map((entry) => relative(root, join(entry.parentPath, entry.name)))
		.filter((path) => !/(^|\/)(node_modules|dist)\//.test(path.replaceAll(sep, '/')));
}

/** Names that nobody left imports come first; where there is none, the one that the fewest import. */
function sortTopDown(graph: ImportGraph): string[] {
	const left = new Set([...graph.keys()].sort());
	const order: string[] = [];
	while (left.size > 0) {
		const countImporters = (name: string) =>
			[...left].filter((other) => graph.get(other)?.has(name)).length;
		const [next] = [...left].sort((a, b) => countImporters(a) - countImporters(b));
		order.push(next);
		left.delete(next);
	}
	return order;
}
