import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodePropertyOptions } from 'n8n-workflow';
import { parse } from 'yaml';

import { SafePays } from '../nodes/SafePays/SafePays.node';
import packageJson from '../package.json';
import { projectDir } from './support/packed';

interface Step {
	uses?: string;
	run?: string;
	env?: Record<string, string>;
}

interface Job {
	needs?: string;
	permissions?: Record<string, string>;
	uses?: string;
	steps?: Step[];
}

interface Workflow {
	permissions: Record<string, string>;
	jobs: Record<string, Job>;
}

const folder = join(projectDir, '.github');
const workflowNames = readdirSync(join(folder, 'workflows'));
const text = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');
const workflow = (name: string) => parse(text('workflows', name)) as Workflow;
const steps = ({ jobs }: Workflow) => Object.values(jobs).flatMap((job) => job.steps ?? []);

describe.each(workflowNames)('the workflow %s', (name) => {
	it('uses no action that its owner could exchange', () => {
		const uses = [...text('workflows', name).matchAll(/uses: (?!\.\/)(.*)/g)].map(([, action]) => action);
		expect(uses.length).toBeGreaterThan(0);
		expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
	});

	it('runs scripts that there are', () => {
		const scripts = steps(workflow(name)).flatMap(({ run }) =>
			[...(run ?? '').matchAll(/npm (?:run )?(\S+)/g)].map(([, script]) => script),
		);
		const known = [...Object.keys(packageJson.scripts), 'ci', 'publish'];
		expect(scripts.filter((script) => !known.includes(script))).toEqual([]);
	});

	it('may write nothing but the proof of where a package comes from', () => {
		const { permissions, jobs } = workflow(name);
		const granted = [permissions, ...Object.values(jobs).map((job) => job.permissions ?? {})];
		const writes = granted.flatMap((each) => Object.entries(each).filter(([, access]) => access !== 'read'));
		expect(writes).toEqual(name === 'publish.yml' ? [['id-token', 'write']] : []);
	});
});

it('publishes with provenance, and only what has passed all tests', () => {
	const { jobs } = workflow('publish.yml');
	const publishing = Object.values(jobs).filter((job) => job.steps?.some(({ run }) => run?.includes('npm publish')));
	expect(publishing).toHaveLength(1);
	const [{ needs, steps: commands }] = publishing;
	expect(commands?.at(-1)?.run).toBe('npm publish --provenance --access public');
	const tests = jobs[String(needs)].uses?.split('/').at(-1);
	const commandsOfTests = steps(workflow(String(tests))).map(({ run }) => run);
	expect(commandsOfTests).toEqual(expect.arrayContaining(['npm test', 'npm run test:e2e']));
});

it('asks in a bug report for the operation by the name that the editor gives it', () => {
	const form = parse(text('ISSUE_TEMPLATE', 'bug.yml')) as {
		body: Array<{ id?: string; attributes: { options?: string[] } }>;
	};
	const asked = form.body.find(({ id }) => id === 'where')?.attributes.options ?? [];
	const { properties } = new SafePays().description;
	const choices = (name: string) => properties.filter((property) => property.name === name);
	const [resources] = choices('resource');
	const operations = (resources.options as INodePropertyOptions[]).flatMap((resource) =>
		choices('operation')
			.filter(({ displayOptions }) => displayOptions?.show?.resource?.includes(resource.value as string))
			.flatMap(({ options }) => (options as INodePropertyOptions[]).map(({ name }) => `${resource.name} > ${name}`)),
	);
	expect(asked.slice(0, operations.length)).toEqual(operations);
});

it.each(readdirSync(join(folder, 'ISSUE_TEMPLATE')).filter((name) => name !== 'config.yml'))('%s is a form that GitHub can show', (name) => {
	const form = parse(text('ISSUE_TEMPLATE', name)) as {
		name: string;
		description: string;
		body: Array<{ type: string; id?: string; attributes: { label?: string; value?: string; options?: unknown[] } }>;
	};
	expect(form).toEqual(expect.objectContaining({ name: expect.any(String) as string, description: expect.any(String) as string }));
	const ids = form.body.flatMap(({ id }) => id ?? []);
	expect(new Set(ids).size).toBe(ids.length);
	for (const { type, attributes } of form.body) {
		expect(['markdown', 'input', 'textarea', 'dropdown', 'checkboxes']).toContain(type);
		expect(type === 'markdown' ? attributes.value : attributes.label).toBeTruthy();
		for (const option of attributes.options ?? []) {
			// "Yes" and "No" without quotes are not texts in YAML
			expect(typeof option).toBe(type === 'checkboxes' ? 'object' : 'string');
		}
	}
});
