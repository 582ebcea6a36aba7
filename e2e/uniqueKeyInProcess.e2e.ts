import { getItems } from '../tools/harness/client';
import type { OwnN8n } from '../tools/harness/ownN8n';
import { startOwnN8n } from '../tools/harness/ownN8n';
import { expectReused, openShop, RENAMED } from './shop';
import type { Place, Shop } from './shop';
import { describeSince } from './world';

// n8n takes half a minute to come up where the processor is busy
jest.setTimeout(180_000);

let own: OwnN8n;
let place: Place;
beforeAll(async () => {
	own = await startOwnN8n('unique-key');
	place = { ...own, webhookUrl: own.url, sandboxUrl: own.sandbox.url };
});
afterAll(async () => await own?.close());

it('two executions at the same moment are one invoice, which both hand out', async () => {
	const { order, invoices } = await openShop(place);
	// longer than n8n takes to start the second
	own.sandbox.setLatency(1_000);
	const answers = await Promise.all([order(), order()]);
	own.sandbox.setLatency(0);
	const [{ id }] = await invoices();
	expect(answers).toMatchObject([
		{ status: 200, body: { id } },
		{ status: 200, body: { id } },
	]);
	expect(answers.filter(({ body }) => (body as { reused?: boolean }).reused)).toHaveLength(1);
	expect(await invoices()).toHaveLength(1);
});

it('a later execution gets the invoice as it is then', async () => {
	const { order, invoices } = await openShop(place);
	expect(await order()).toMatchObject({ status: 200, body: { status: 'Invoice Created' } });
	const [{ id }] = await invoices();
	own.sandbox.setStatus(id, 'Paid');
	expect(await order()).toMatchObject({ status: 200, body: { id, status: 'Paid', reused: true } });
	expect(await order('order-1043')).toMatchObject({
		status: 200,
		body: { status: 'Invoice Created' },
	});
	expect(await invoices()).toHaveLength(2);
});

it('a node that is renamed and moved finds its invoice', async () => {
	const { client } = own;
	const renamed = await openShop(place);
	await renamed.order();
	await renamed.change(RENAMED);
	await expectReused(renamed);
	const [, execution] = await client.waitForExecutions(renamed.id, 2);
	expect(Object.keys(execution.data.resultData.runData)).toContain(RENAMED.name);
});

// Before n8n 2.6 there is no table to keep the invoices of keys in: they are forgotten, and their keys are taken.
describeSince('2.6.0')('after a restart of n8n', () => {
	let ordered: Shop;
	let orderedAndRenamed: Shop;
	let renamedLater: Shop;
	let tested: Shop;
	let orderedThenTested: Shop;
	let testedThenOrdered: Shop;

	beforeAll(async () => {
		ordered = await openShop(place);
		orderedAndRenamed = await openShop(place);
		renamedLater = await openShop(place);
		orderedThenTested = await openShop(place);
		for (const { order } of [ordered, orderedAndRenamed, renamedLater, orderedThenTested])
			await order();
		await orderedAndRenamed.change(RENAMED);
		tested = await openShop(place);
		testedThenOrdered = await openShop(place);
		for (const { test } of [tested, testedThenOrdered]) await test();
		await own.stop();
		await own.start();
	});

	it('a production execution finds the invoice of one before', async () => {
		await expectReused(ordered);
	});

	it('so it does when the node was renamed before, or is renamed now', async () => {
		await expectReused(orderedAndRenamed);
		await renamedLater.change(RENAMED);
		await expectReused(renamedLater);
	});

	it('a test execution finds the invoice of a production execution', async () => {
		const [{ id }] = await orderedThenTested.invoices();
		expect(getItems(await orderedThenTested.test(), 'SafePays')).toMatchObject([
			{ id, reused: true },
		]);
		expect(await orderedThenTested.invoices()).toHaveLength(1);
	});

	it('the invoice of a test execution is found, by test and by production executions', async () => {
		const [{ id }] = await tested.invoices();
		expect(getItems(await tested.test(), 'SafePays')).toMatchObject([{ id, reused: true }]);
		await expectReused(tested);
		await expectReused(testedThenOrdered);
	});
});
