import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { createParameterReader } from '../../../../nodes/SafePays/actions/parameters';
import { execute } from '../../../engine';
import { createInvoices } from '../../../engine/workflows';
import { sentBodies, useSandbox, createWorld } from '../../../support';

const sandbox = useSandbox();

/** A context that counts what it evaluates; an expression's value names its item. */
function makeContext(parameters: IDataObject) {
	const evaluated: string[] = [];
	const context = {
		getTimezone: () => 'UTC',
		getNodeParameter(name: string, item: number, _: unknown, options?: IDataObject): unknown {
			const raw = parameters[name];
			if (options?.rawExpressions) return raw;
			evaluated.push(name);
			return JSON.parse(JSON.stringify(raw), (_key, value: unknown) =>
				typeof value === 'string' && value.startsWith('=') ? `item ${item}` : value,
			);
		},
	} as unknown as IExecuteFunctions;
	return { context, evaluated };
}

describe('a parameter', () => {
	it('without an expression is read once for all items, and with one, however deep, for each', () => {
		const { context, evaluated } = makeContext({
			amount: 0,
			currency: 'USD',
			email: '={{ $json.email }}',
			customerId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
			lineItems: { item: [{ title: 'Tea', qty: 1 }, { title: '={{ $json.title }}' }] },
			additionalFields: { dueInDays: 14, metadata: { entry: [{ name: 'a', value: 'b = c' }] } },
		});
		const read = createParameterReader(context, {});
		const names = ['amount', 'currency', 'email', 'customerId', 'lineItems', 'additionalFields'];
		const values = [0, 1, 2].map((item) => names.map((name) => read(item).get(name)));
		expect(values[2]).toEqual([
			0,
			'USD',
			'item 2',
			{ __rl: true, mode: 'id', value: 'item 2' },
			{ item: [{ title: 'Tea', qty: 1 }, { title: 'item 2' }] },
			{ dueInDays: 14, metadata: { entry: [{ name: 'a', value: 'b = c' }] } },
		]);
		const count = (name: string) => evaluated.filter((other) => other === name).length;
		expect(names.map(count)).toEqual([1, 1, 3, 3, 3, 1]);
	});

	it('of a collection with a fixed and a computed field is right for each item', async () => {
		const workflow = createInvoices({
			additionalFields: { redirectUrl: '=https://example.com/{{ $json.amount }}' },
			currency: 'EUR',
		});
		const items = [1, 2, 3].map((amount) => ({ email: 'a@example.com', amount }));
		await execute(createWorld(sandbox), workflow, { items });
		expect(
			sentBodies(sandbox).map(({ redirect_url, currency }) => [redirect_url, currency]),
		).toEqual([1, 2, 3].map((amount) => [`https://example.com/${amount}`, 'EUR']));
	});
});
