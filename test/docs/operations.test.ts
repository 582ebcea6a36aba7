import type { IDataObject, INodeParameters, INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { SafePaysApi } from '../../credentials/SafePaysApi.credentials';
import { SafePays } from '../../nodes/SafePays/SafePays.node';
import { execute } from '../engine';
import { safePaysWorkflow } from '../engine/workflows';
import { clear, stage } from '../nodes/SafePays/notifications/stage';
import { asked, sentBodies, UNKNOWN_ID } from '../support';
import { boldIn, codesIn, jsonBlocksIn, pageAt, section, tablesIn } from './markdown';

const page = pageAt('docs/operations.md');
const { properties } = new SafePays().description;

const HEADINGS: Record<string, [resource: string, operation: string]> = {
	'Customer > Create': ['customer', 'create'],
	'Customer > Get': ['customer', 'get'],
	'Invoice > Create': ['invoice', 'create'],
	'Invoice > Create and Wait for Payment': ['invoice', 'createAndWait'],
	'Invoice > Get': ['invoice', 'get'],
};

/** The fields that the editor shows for an operation, to a person: those of a tool have a section of their own. */
function fieldsOf(heading: string): INodeProperties[] {
	const [resource, operation] = HEADINGS[heading];
	return properties.filter(({ type, displayOptions }) => {
		const { show } = displayOptions ?? {};
		return type !== 'notice' && !show?.['@tool'] && show?.resource?.includes(resource) && show.operation?.includes(operation);
	});
}

/** The fields within a collection. */
const within = (field?: INodeProperties) => (field?.options ?? []) as INodeProperties[];

const named = (fields: INodeProperties[], name: string) => fields.find((field) => field.name === name);

/** What a line item of the editor consists of. */
const lineItemFields = (fields: INodeProperties[]) =>
	(named(fields, 'lineItems')?.options?.[0] as { values: INodeProperties[] } | undefined)?.values ?? [];

/** A field's default as the page writes it. */
function defaultOf({ type, required, default: value, options }: INodeProperties): string {
	if (required) return 'required';
	if (type === 'boolean') return value ? 'on' : 'off';
	if (type === 'options') return (options as INodePropertyOptions[]).find((option) => option.value === value)?.name ?? '';
	if (type === 'collection' || type === 'fixedCollection') return 'none';
	return value === '' ? 'empty' : String(value);
}

/** A table's rows by its first column, each by the table's header. */
function rowsOf(heading: string, first: string): Array<Record<string, string>> {
	return tablesIn(section(page, heading), first).flatMap(({ header, rows }) =>
		rows.map((row) => Object.fromEntries(header.map((name, column) => [name, row[column]]))),
	);
}

function expectRows(rows: Array<Record<string, string>>, first: string, fields: INodeProperties[]): void {
	expect(rows.map((row) => [row[first], row.Default])).toEqual(fields.map((field) => [field.displayName, defaultOf(field)]));
	for (const row of rows) {
		const { type, options } = fields.find(({ displayName }) => displayName === row[first]) as INodeProperties;
		if (type === 'options') {
			for (const { name } of options as INodePropertyOptions[]) expect(row['What it is']).toContain(`**${name}**`);
		}
	}
}

describe('docs/operations.md', () => {
	it('has a section for each operation', () => {
		const resources = named(properties, 'resource')?.options as INodePropertyOptions[];
		const names = resources.flatMap(({ name, value }) =>
			properties
				.filter(({ name: field, displayOptions }) => field === 'operation' && displayOptions?.show?.resource?.includes(String(value)))
				.flatMap(({ options }) => (options as INodePropertyOptions[]).map((operation) => [`${name} > ${operation.name}`, [value, operation.value]])),
		);
		expect(Object.fromEntries(names)).toEqual(HEADINGS);
		for (const heading of Object.keys(HEADINGS)) expect(section(page, heading)).not.toEqual([]);
	});

	it.each(['Customer > Create', 'Customer > Get', 'Invoice > Create', 'Invoice > Get'])('has every field of %s with its default, and no other', (heading) => {
		const fields = fieldsOf(heading);
		expectRows(rowsOf(heading, 'Field'), 'Field', fields);
		expectRows(rowsOf(heading, 'Additional field'), 'Additional field', within(named(fields, 'additionalFields')));
		expectRows(rowsOf(heading, 'Line item'), 'Line item', lineItemFields(fields));
	});

	it('has the fields of Invoice > Create and Wait for Payment as those of Invoice > Create, with the differences that there are', () => {
		const heading = 'Invoice > Create and Wait for Payment';
		const names = (fields: INodeProperties[]) => fields.map(({ displayName }) => displayName);
		const create = fieldsOf('Invoice > Create');
		const wait = fieldsOf(heading);
		const additional = (fields: INodeProperties[]) => names(within(named(fields, 'additionalFields')));
		expectRows(rowsOf(heading, 'Field'), 'Field', wait.filter(({ name }) => !named(create, name)));
		expect(names(create).filter((name) => !names(wait).includes(name))).toEqual([]);
		const missing = additional(create).filter((name) => !additional(wait).includes(name));
		const [sentence] = section(page, heading).filter(({ raw }) => raw.startsWith('The fields are those of'));
		expect(boldIn([sentence])).toEqual(missing);
	});

	it('has every option with its default and limits, and no other', () => {
		const options = within(named(properties, 'options'));
		const rows = rowsOf('Options', 'Option');
		expectRows(rows, 'Option', options);
		for (const row of rows) {
			const { minValue, maxValue } = options.find(({ displayName }) => displayName === row.Option)?.typeOptions ?? {};
			if (maxValue !== undefined) expect([row.Least, row.Most]).toEqual([String(minValue), String(maxValue)]);
		}
	});

	it('names nothing in bold that the editor does not show', () => {
		const known = new Set<string>();
		const learn = (fields: INodeProperties[]) => {
			for (const { displayName, options = [], modes = [] } of fields) {
				known.add(displayName);
				for (const mode of modes) known.add(mode.displayName);
				for (const option of options) {
					if ('name' in option && !('displayName' in option)) known.add(option.name);
					if ('displayName' in option) learn('values' in option ? option.values : [option]);
				}
			}
		};
		learn([...properties, ...new SafePaysApi().properties]);
		expect(boldIn(page.tokens).filter((name) => !known.has(name))).toEqual([]);
	});
});

describe('what docs/operations.md says of requests and items', () => {
	afterEach(clear);

	/** Ids and address of the examples. */
	const CUSTOMER = '550e8400-e29b-41d4-a716-446655440000';
	const INVOICE = '49ae344a-3f30-4675-b7bb-a95a92e03545';
	const ADDRESS = 'https://app.safepays.com';

	const payer: INodeParameters = {
		name: 'John Doe',
		email: 'john@example.com',
		additionalFields: {
			group: 'Premium Customers',
			preferredCurrency: 'USD',
			addressLine1: '123 Main Street',
			addressLine2: 'Apt 4B',
			city: 'New York',
			state: 'NY',
			zip: '10001',
			country: 'USA',
		},
	};
	const bill: INodeParameters = {
		email: 'john@example.com',
		amount: 200,
		additionalFields: { dueDate: '2026-04-17', redirectUrl: 'https://example.com/thank-you', webhookUrl: 'https://example.com/webhook' },
	};

	/** The sandbox of the examples, with a customer and an invoice of theirs, and the node beside it. */
	async function examples() {
		const { sandbox, n8n } = await stage({ now: () => new Date('2026-03-17T10:30:00Z') });
		const run = async (heading: string, parameters: INodeParameters, settings = {}) => {
			const [resource, operation] = HEADINGS[heading];
			sandbox.requests.length = 0;
			const executed = await execute(n8n.world, safePaysWorkflow({ resource, operation, ...parameters }, settings));
			expect(executed.error).toBeUndefined();
			return executed.items;
		};
		const [customer] = await run('Customer > Create', payer);
		const [invoice] = await run('Invoice > Create', { ...bill, uniqueKey: 'order-1' });
		const customerId = String(customer.id);
		const invoiceId = String(invoice.id);

		/** An item as the page prints it. */
		const printed = (item: unknown, itsId = invoiceId) =>
			withoutCheckout(
				JSON.stringify(item).replaceAll(customerId, CUSTOMER).replaceAll(itsId, INVOICE).replaceAll(sandbox.url, ADDRESS),
			);
		return { sandbox, n8n, run, customer, customerId, invoice, invoiceId, printed };
	}

	/** The provider's checkout is elsewhere in the sandbox, and numbers its sessions. */
	function withoutCheckout(json: string): IDataObject {
		const neutral = json
			.replace(/"https:[^"]+\/agency-checkout\/[^"]+"/, '"the checkout"')
			.replace(/("fanbasis_checkout_session_id":)\d+/, '$10');
		return JSON.parse(neutral) as IDataObject;
	}

	const onPage = (heading: string) =>
		jsonBlocksIn(section(page, heading)).map((item) => withoutCheckout(JSON.stringify(item)));

	it('is what Customer > Create gives', async () => {
		const { run, customer, printed } = await examples();
		const exists = await run('Customer > Create', { ...payer, ifExists: 'continue' });
		expect(onPage('Customer > Create')).toEqual([printed(customer), ...exists]);
	});

	it('is what Customer > Get gives', async () => {
		const { run, sandbox, customerId, invoiceId, printed } = await examples();
		await sandbox.pay(invoiceId);
		const [item] = await run('Customer > Get', { customerId });
		expect(onPage('Customer > Get')).toEqual([printed(item)]);
		const paidInvoices = await run('Customer > Get', { customerId, output: 'paidInvoices' });
		expect(paidInvoices).toEqual(item.paid_invoices);
	});

	it('is what Invoice > Create gives, also for a Unique Key that has an invoice', async () => {
		const { run, sandbox, invoice, invoiceId, printed } = await examples();
		const [list, created] = onPage('Invoice > Create');
		expect(created).toEqual(printed(invoice));
		expect(await run('Invoice > Create', { ...bill, priceBy: 'items', itemsFrom: 'json', lineItemsJson: JSON.stringify(list) })).toHaveLength(1);
		await sandbox.pay(invoiceId);
		const [reused] = await run('Invoice > Create', { ...bill, uniqueKey: 'order-1' });
		expect(printed(reused)).toEqual({ ...onPage('Invoice > Get')[0], reused: true });
	});

	it('is what Invoice > Create and Wait for Payment gives, paid and when the time is up', async () => {
		const { sandbox, n8n, printed } = await examples();
		const workflow = safePaysWorkflow({ resource: 'invoice', operation: 'createAndWait', ...bill });
		const waiting = async () => {
			const execution = await n8n.run(workflow, [{}]);
			const id = [...sandbox.books.invoices.keys()].at(-1) as string;
			return { execution, id, output: () => n8n.itemsOf(execution, 'After').map((item) => printed(item, id)) };
		};
		const paid = await waiting();
		await sandbox.pay(paid.id);
		await n8n.idle();
		expect(paid.output()).toEqual(onPage('Invoice > Create and Wait for Payment'));
		const late = await waiting();
		await n8n.timeOut(late.execution);
		expect(late.output()).toEqual([{ ...onPage('Invoice > Create')[1], timedOut: true }]);
	});

	it('is what Invoice > Get gives', async () => {
		const { run, sandbox, invoiceId, printed } = await examples();
		await sandbox.pay(invoiceId);
		expect(onPage('Invoice > Get')).toEqual((await run('Invoice > Get', { invoiceId })).map((item) => printed(item)));
	});

	it('is what an item that fails gives', async () => {
		const { run, sandbox } = await examples();
		const settings = { onError: 'continueRegularOutput' };
		const unknown = await run('Invoice > Get', { invoiceId: UNKNOWN_ID }, settings);
		expect(unknown).toEqual(onPage('Items that fail'));

		const invalid = await run('Invoice > Get', { invoiceId: 'none' }, settings);
		sandbox.addFault({ kind: 'status', status: 502 });
		const unconfirmed = await run('Invoice > Create', bill, settings);
		const told = [...unknown, ...invalid, ...unconfirmed].flatMap(({ details }) => Object.keys(details as IDataObject));
		const [table] = tablesIn(section(page, 'Items that fail'), 'In `details`');
		expect(new Set(table.rows.flatMap(([name]) => codesIn(name)))).toEqual(new Set(told));
	});

	it('names for each field what SafePays is sent, and where', async () => {
		const { sandbox, run, customerId, invoiceId } = await examples();
		const list = [{ title: 'Monthly Plan', qty: 1, price: 150.5 }];
		const cases: Record<string, INodeParameters[]> = {
			'Customer > Create': [{ ...payer, email: 'jane@example.com' }],
			'Customer > Get': [{ customerId }],
			'Invoice > Create': [
				{ ...bill },
				{ ...bill, billTo: 'customer', customerId, priceBy: 'items', lineItems: { item: list } },
			],
			'Invoice > Get': [{ invoiceId }],
		};
		for (const [heading, parameters] of Object.entries(cases)) {
			const bodies: IDataObject[] = [];
			for (const one of parameters) {
				await run(heading, one);
				bodies.push(sentBodies(sandbox)[0] ?? {});
				expect(codesIn(firstParagraph(heading))).toContain(asked(sandbox)[0].replace(/[0-9a-f-]{36}$/, '{id}'));
			}
			const sentAs = (first: string) => new Set(rowsOf(heading, first).flatMap((row) => codesIn(row['Sent as'])));
			expect(new Set([...sentAs('Field'), ...sentAs('Additional field')])).toEqual(new Set(bodies.flatMap(Object.keys)));
			const items = bodies.flatMap((body) => (body.items as IDataObject[] | undefined) ?? []);
			expect(sentAs('Line item')).toEqual(new Set(items.flatMap(Object.keys)));
		}
	});

	function firstParagraph(heading: string): string {
		return section(page, heading).find(({ type }) => type === 'paragraph')?.raw ?? '';
	}
});
