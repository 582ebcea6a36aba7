import Ajv from 'ajv';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { operations } from '../../../nodes/SafePays/actions/description';
import { safePaysWorkflow } from '../../engine/workflows';
import { createCustomer } from '../../sandbox/helpers';
import type { Stage } from './notifications/stage';
import { clear, stage } from './notifications/stage';

/** Where n8n looks for what the editor shows of an output before the node has run. */
const SCHEMAS = join(__dirname, '../../../nodes/SafePays/__schema__/v1.0.0');

/** What the node itself adds to SafePays' answers, in some of the items. */
const MARKS = ['alreadyExists', 'reused', 'timedOut'];

const CUSTOMER = {
	name: 'Ada Lovelace',
	email: 'ada@example.com',
	group: 'Premium',
	preferred_currency: 'USD',
	address_line1: '1 Main Street',
	address_line2: 'Flat 2',
	city: 'London',
	state: 'Greater London',
	zip: 'N1 1AA',
	country: 'UK',
};

type Items = (stage: Stage) => Promise<IDataObject[]>;

async function run({ n8n }: Stage, parameters: INodeParameters, inputs = [{}]): Promise<IDataObject[]> {
	return n8n.itemsOf(await n8n.run(safePaysWorkflow(parameters), inputs));
}

/** A bill with nothing left out, twice with one Unique Key: the second item has the invoice of the first. */
async function bill(of: Stage, operation: string): Promise<INodeParameters> {
	const { id } = await createCustomer(of.sandbox, CUSTOMER);
	return {
		resource: 'invoice',
		operation,
		billTo: 'customer',
		customerId: id,
		amount: 19.9,
		uniqueKey: 'order-1',
		additionalFields: { dueDate: '2030-01-31' },
	};
}

async function paidInvoice(of: Stage): Promise<IDataObject> {
	const [invoice] = await run(of, await bill(of, 'create'));
	await of.sandbox.pay(invoice.id as string);
	return invoice;
}

/** The items that an operation gives out: an ordinary one, and one with each mark. */
const ANSWERS: Record<string, Record<string, Items>> = {
	customer: {
		create: async (of) => {
			const { name, email, preferred_currency, address_line1, address_line2, ...same } = CUSTOMER;
			const additionalFields = {
				...same,
				preferredCurrency: preferred_currency,
				addressLine1: address_line1,
				addressLine2: address_line2,
			};
			const parameters = { resource: 'customer', operation: 'create', name, email, additionalFields, ifExists: 'continue' };
			return [...(await run(of, parameters)), ...(await run(of, parameters))];
		},
		get: async (of) => {
			const { customer_id } = await paidInvoice(of);
			return await run(of, { resource: 'customer', operation: 'get', customerId: customer_id as string });
		},
	},
	invoice: {
		create: async (of) => await run(of, await bill(of, 'create'), [{}, {}]),
		createAndWait: async (of) => {
			const execution = await of.n8n.run(safePaysWorkflow(await bill(of, 'createAndWait')), [{}, {}]);
			for (const id of of.sandbox.books.invoices.keys()) await of.sandbox.pay(id);
			await of.n8n.idle();
			return of.n8n.itemsOf(execution);
		},
		get: async (of) => {
			const { id } = await paidInvoice(of);
			return await run(of, { resource: 'invoice', operation: 'get', invoiceId: id as string });
		},
	},
};

const names = Object.entries(ANSWERS).flatMap(([resource, of]) => Object.keys(of).map((name) => [resource, name]));

afterEach(clear);

it('are there for every operation, and for nothing else', () => {
	const registered = Object.entries(operations).flatMap(([resource, of]) => Object.keys(of).map((name) => [resource, name]));
	expect(names).toEqual(registered);
	const files = readdirSync(SCHEMAS, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.json'));
	expect(files.sort()).toEqual(registered.map(([resource, name]) => join(resource, `${name}.json`)).sort());
});

it.each(names)('tell what %s > %s gives out: every field, and no other', async (resource, name) => {
	const { version: _version, ...schema } = JSON.parse(readFileSync(join(SCHEMAS, resource, `${name}.json`), 'utf8')) as IDataObject;
	const items = await ANSWERS[resource][name](await stage());
	expect(items.length).toBeGreaterThan(0);
	const ordinary = items.find((item) => !('reused' in item)) as IDataObject;
	const marks = items.flatMap((item) => Object.entries(item).filter(([key]) => MARKS.includes(key)));

	const item = { ...ordinary, ...Object.fromEntries(marks) };
	const validate = new Ajv({ strict: true, allErrors: true }).compile(exactly(schema));
	validate(item);
	expect(validate.errors).toBeNull();
});

/** The same schema, in which every field has to be there, and no field that it does not name. */
function exactly(schema: IDataObject): IDataObject {
	if (schema.type === 'array') return { ...schema, minItems: 1, items: exactly(schema.items as IDataObject) };
	if (schema.type !== 'object') return schema;
	const properties = Object.entries(schema.properties as Record<string, IDataObject>);
	return {
		...schema,
		properties: Object.fromEntries(properties.map(([name, property]) => [name, exactly(property)])),
		required: properties.map(([name]) => name),
		additionalProperties: false,
	};
}
