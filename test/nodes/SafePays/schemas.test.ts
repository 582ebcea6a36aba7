import Ajv from 'ajv';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject } from 'n8n-workflow';

import { operations } from '../../../nodes/SafePays/actions';
import type { GetItems } from './outputs/run';
import { clear, stage } from './webhooks/stage';

/** Where n8n looks for what the editor shows of an output before the node has run. */
const SCHEMAS = join(__dirname, '../../../nodes/SafePays/__schema__/v1.0.0');

/** What the node itself adds to SafePays' answers, in some of the items. */
const MARKS = ['alreadyExists', 'reused', 'timedOut'];

const names = Object.entries(operations).flatMap(([resource, ofResource]) =>
	Object.keys(ofResource).map((name) => [resource, name]),
);

afterEach(clear);

it('is there for every operation, and for nothing else', () => {
	const files = readdirSync(SCHEMAS, { recursive: true, encoding: 'utf8' }).filter((path) =>
		path.endsWith('.json'),
	);
	expect(files.sort()).toEqual(
		names.map(([resource, name]) => join(resource, `${name}.json`)).sort(),
	);
});

it.each(names)('names every field that %s > %s gives out, and no other', async (resource, name) => {
	const { version: _version, ...schema } = JSON.parse(
		readFileSync(join(SCHEMAS, resource, `${name}.json`), 'utf8'),
	) as IDataObject;
	const output = (await import(`./outputs/${resource}/${name}`)) as { getItems: GetItems };
	const items = await output.getItems(await stage());
	expect(items.length).toBeGreaterThan(0);
	const ordinary = items.find((item) => !('reused' in item)) as IDataObject;
	const marks = items.flatMap((item) =>
		Object.entries(item).filter(([key]) => MARKS.includes(key)),
	);

	const item = { ...ordinary, ...Object.fromEntries(marks) };
	const validate = new Ajv({ strict: true, allErrors: true }).compile(exactly(schema));
	validate(item);
	expect(validate.errors).toBeNull();
});

/** The same schema, in which every field has to be there, and no field that it does not name. */
function exactly(schema: IDataObject): IDataObject {
	if (schema.type === 'array')
		return { ...schema, minItems: 1, items: exactly(schema.items as IDataObject) };
	if (schema.type !== 'object') return schema;
	const properties = Object.entries(schema.properties as Record<string, IDataObject>);
	return {
		...schema,
		properties: Object.fromEntries(properties.map(([name, property]) => [name, exactly(property)])),
		required: properties.map(([name]) => name),
		additionalProperties: false,
	};
}
