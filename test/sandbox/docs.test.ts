import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { FAULT_KINDS, parseFault } from '../../sandbox/faults';
import { WEBHOOK_FORMATS } from '../../sandbox/notificationFormats';
import { projectDir } from '../../tools/harness/paths';

const guide = readFileSync(join(projectDir, 'docs', 'sandbox.md'), 'utf8');
const readme = readFileSync(join(projectDir, 'sandbox', 'README.md'), 'utf8');
const cli = readFileSync(join(projectDir, 'sandbox', 'cli.ts'), 'utf8');

it('the guide lists every kind of fault, every format and every flag', () => {
	const inTables = [...guide.matchAll(/^\| `([\w-]+)[^|]*\|/gm)].map(([, name]) => name);
	const flags = [...cli.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, flag]) => flag);
	expect(flags.length).toBeGreaterThan(15);
	expect(inTables).toEqual(expect.arrayContaining([...FAULT_KINDS, ...WEBHOOK_FORMATS, ...flags]));
});

it('the guide gives faults that the sandbox takes', () => {
	const rules = [...guide.matchAll(/[`'](?:(?:kind|status)=[^`']+,[^`']+|kind=\w+)[`']/g)].map(
		([rule]) => rule.slice(1, -1),
	);
	expect(rules.length).toBeGreaterThan(10);
	for (const rule of rules) {
		const fields = rule.split(',').map((field) => field.split('='));
		expect(() => parseFault(Object.fromEntries(fields))).not.toThrow();
	}
});

it('the README names flags that there are', () => {
	const named = [...readme.matchAll(/--[a-z][\w-]*/g)].map(([flag]) => flag);
	expect(named.filter((flag) => !cli.includes(`  ${flag}`))).toEqual([]);
});
