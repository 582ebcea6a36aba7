import type { INodeTypeDescription } from 'n8n-workflow';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readExamples } from '../tools/harness/examples';
import type { NodeJson } from '../tools/harness/workflow';
import { SafePays } from '../nodes/SafePays/SafePays.node';
import { SafePaysTrigger } from '../nodes/SafePays/SafePaysTrigger.node';
import { understood } from './support/parameters';

const root = join(__dirname, '..');
const STICKY_NOTE = 'n8n-nodes-base.stickyNote';

const descriptions: Record<string, INodeTypeDescription> = {
	'n8n-nodes-safepays.safePays': new SafePays().description,
	// n8n makes it of the node
	'n8n-nodes-safepays.safePaysTool': new SafePays().description,
	'n8n-nodes-safepays.safePaysTrigger': new SafePaysTrigger().description,
};

/** What is on the canvas, in the canvas' pixels. */
interface Box {
	name: string;
	left: number;
	top: number;
	right: number;
	bottom: number;
}

const isNote = ({ type }: NodeJson) => type === STICKY_NOTE;

function boxOf(node: NodeJson): Box {
	const [x, y] = node.position;
	if (isNote(node)) {
		const { width, height } = node.parameters as { width: number; height: number };
		return { name: node.name, left: x, top: y, right: x + width, bottom: y + height };
	}
	// an agent is wide for the nodes that hang on it; below each node are up to three lines of text
	const width = node.type.endsWith('.agent') ? 256 : 96;
	return { name: node.name, left: x - 30, top: y, right: x + width + 30, bottom: y + 96 + 60 };
}

const overlap = (one: Box, other: Box) =>
	one.left < other.right &&
	other.left < one.right &&
	one.top < other.bottom &&
	other.top < one.bottom;

/** How far two boxes are from each other, in pixels. */
function gap(one: Box, other: Box): number {
	const across = Math.max(0, one.left - other.right, other.left - one.right);
	const down = Math.max(0, one.top - other.bottom, other.top - one.bottom);
	return Math.hypot(across, down);
}

describe.each(readExamples())('the example "$name"', (example) => {
	const { id, name, nodes, connections } = example;
	const notes = nodes.filter(isNote);
	const steps = nodes.filter((node) => !isNote(node));
	const links = Object.entries(connections).flatMap(([from, ofNode]) =>
		Object.values(ofNode).flatMap((outputs) =>
			outputs.flat().map(({ node, type }) => ({ from, to: node, type: String(type) })),
		),
	);

	it('holds nothing of the n8n that it comes from', () => {
		const { id: _id, ...file } = example;
		expect(Object.keys(file).sort()).toEqual([
			'active',
			'connections',
			'name',
			'nodes',
			'settings',
		]);
		for (const node of nodes) expect(node).not.toHaveProperty('credentials');
	});

	it('names no address outside example.com', () => {
		const text = JSON.stringify(example);
		const hosts = [...text.matchAll(/https?:\/\/([^/"\s\\]+)|[\w.]@([\w-]+(?:\.[\w-]+)*)/g)];
		const named = hosts.map(([, site, mail]) => site ?? mail);
		// one shows what a mistyped address leads to
		expect(named.filter((host) => !/(^|\.)example(\.com)?$/.test(host))).toEqual([]);
	});

	it('explains itself: what it is for, which credential to choose, and what to change', () => {
		const texts = notes.map(({ parameters }) => String(parameters.content));
		expect(texts[0]).toMatch(/^## /);
		expect(texts.join('\n')).toMatch(/hoose your SafePays credential in/);
		expect(texts.join('\n')).toMatch(/\*\*(Change|Replace|Add)\*\*/);
		const bold = texts.flatMap((text) => [...text.matchAll(/\*\*([A-Z][\w ]+\??)\*\*/g)]);
		const pointed = bold.map(([, words]) => words).filter((words) => /[A-Z].* [A-Z]/.test(words));
		const names = steps.map((node) => node.name.replace(' (replace me)', ''));
		expect(names).toEqual(expect.arrayContaining(pointed));
	});

	it('has a name and an ID of its own for each node', () => {
		expect(new Set(nodes.map((node) => node.name)).size).toBe(nodes.length);
		expect(new Set(nodes.map((node) => node.id)).size).toBe(nodes.length);
	});

	it('is connected, from left to right', () => {
		const ofName = new Map(steps.map((node) => [node.name, node]));
		for (const { from, to, type } of links) {
			const [source, target] = [ofName.get(from), ofName.get(to)] as NodeJson[];
			expect(source && target).toBeDefined();
			if (type === 'main') expect(source.position[0]).toBeLessThan(target.position[0]);
			else expect(source.position[1]).toBeGreaterThan(target.position[1]);
		}
		const linked = new Set(links.flatMap(({ from, to }) => [from, to]));
		expect(steps.filter((node) => !linked.has(node.name))).toEqual([]);
	});

	it('has nothing on the canvas that covers something else', () => {
		const boxes = nodes.map(boxOf);
		const covered = boxes.flatMap((one, index) =>
			boxes
				.slice(index + 1)
				.flatMap((other) => (overlap(one, other) ? [[one.name, other.name]] : [])),
		);
		expect(covered).toEqual([]);
	});

	it('has each yellow note beside the nodes that it speaks of', () => {
		const named = (note: NodeJson) =>
			steps.filter((step) =>
				String(note.parameters.content).includes(`**${step.name.replace(' (replace me)', '')}**`),
			);
		const yellow = notes.filter(({ parameters }) => parameters.color === undefined);
		const far = yellow.flatMap((note) =>
			named(note).flatMap((step) =>
				gap(boxOf(note), boxOf(step)) > 100 ? [[note.name, step.name]] : [],
			),
		);
		expect(far).toEqual([]);
	});

	it('uses parameters that the SafePays nodes have and show', () => {
		const ours = steps.filter(({ type }) => type.startsWith('n8n-nodes-safepays.'));
		expect(ours.length).toBeGreaterThan(0);
		for (const node of ours) {
			const description = descriptions[node.type];
			expect([description.version].flat()).toContain(node.typeVersion);
			expect(understood(description, node)).toMatchObject(node.parameters);
		}
	});

	it('has its section in docs/examples.md, with a picture', () => {
		const page = readFileSync(join(root, 'docs', 'examples.md'), 'utf8');
		const file = readdirSync(join(root, 'examples')).find((entry) => entry.endsWith(`-${id}.json`));
		const [, section = ''] = page.split(`\n## ${name}\n`);
		const [own] = section.split('\n## ');
		expect(own).toContain(`(../examples/${file})`);
		expect(own).toContain(`(images/canvas-${id}.png)`);
		expect(existsSync(join(root, 'docs', 'images', `canvas-${id}.png`))).toBe(true);
	});
});
