import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readExamples } from '../tools/harness/examples';
import { projectDir } from '../tools/harness/paths';
import type { NodeJson } from '../tools/harness/workflow';

/** What is on the canvas, in the canvas' pixels. */
interface Box {
	name: string;
	left: number;
	top: number;
	right: number;
	bottom: number;
}

function measure(node: NodeJson): Box {
	const [x, y] = node.position;
	if (node.type === 'n8n-nodes-base.stickyNote') {
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

describe.each(readExamples())('the example "$name"', (example) => {
	const { id, name, nodes } = example;

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

	it('has nothing on the canvas that covers something else', () => {
		const boxes = nodes.map(measure);
		const covered = boxes.flatMap((one, index) =>
			boxes
				.slice(index + 1)
				.flatMap((other) => (overlap(one, other) ? [[one.name, other.name]] : [])),
		);
		expect(covered).toEqual([]);
	});

	it('has its section in docs/examples.md, with a picture', () => {
		const page = readFileSync(join(projectDir, 'docs', 'examples.md'), 'utf8');
		const file = readdirSync(join(projectDir, 'examples')).find((entry) =>
			entry.endsWith(`-${id}.json`),
		);
		const [, section = ''] = page.split(`\n## ${name}\n`);
		const [own] = section.split('\n## ');
		expect(own).toContain(`(../examples/${file})`);
		expect(own).toContain(`(images/canvas-${id}.png)`);
		expect(existsSync(join(projectDir, 'docs', 'images', `canvas-${id}.png`))).toBe(true);
	});
});
