import { Logger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import type { INode } from 'n8n-workflow';

import { execute } from '../../../engine';
import type { Executed } from '../../../engine';
import { createInvoices, safePaysWorkflow } from '../../../engine/workflows';
import {
	billed,
	bills,
	faultAfter,
	ids,
	sentBodies,
	until,
	runCreates,
	useSandbox,
	words,
	createWorld,
} from '../../../support';

const sandbox = useSandbox();

const RETRY_ON_FAIL = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 };
/** One after the other, so that it is known which item a fault hits. */
const IN_TURN = { options: { maxConcurrency: 1 } };

const booked = () => [...sandbox.books.invoices.keys()];

describe('Retry On Fail', () => {
	it('hands out the invoices that the first try has created, and creates the rest', async () => {
		faultAfter(sandbox, 2, { kind: 'status', status: 400, times: 1 });
		const executed = await runCreates(sandbox, bills(4), IN_TURN, RETRY_ON_FAIL);
		expect(executed.error).toBeUndefined();
		expect(ids(executed.items)).toEqual(booked());
		expect(sentBodies(sandbox).map(({ email }) => email)).toEqual([
			'payer0@example.com',
			'payer1@example.com',
			'payer2@example.com',
			'payer2@example.com',
			'payer3@example.com',
		]);
	});

	it('hands out customers that were created before, with no 409', async () => {
		faultAfter(sandbox, 1, { kind: 'status', status: 400, times: 1 });
		const executed = await execute(
			createWorld(sandbox),
			safePaysWorkflow(
				{
					resource: 'customer',
					operation: 'create',
					name: 'John',
					email: '={{ $json.email }}',
					...IN_TURN,
				},
				RETRY_ON_FAIL,
			),
			{ items: bills(2) },
		);
		expect(ids(executed.items)).toEqual([...sandbox.books.customers.keys()]);
	});

	it('keeps two equal items two invoices', async () => {
		faultAfter(sandbox, 2, { kind: 'status', status: 400, times: 1 });
		const [bill] = bills(1);
		const executed = await runCreates(sandbox, [bill, bill, bill], IN_TURN, RETRY_ON_FAIL);
		expect(new Set(ids(executed.items)).size).toBe(3);
		expect(ids(executed.items)).toEqual(booked());
	});

	it('does not send an unconfirmed create again, and says what to look for', async () => {
		faultAfter(sandbox, 1, { kind: 'resetAfter', times: 1 });
		const executed = await runCreates(sandbox, bills(3), IN_TURN, RETRY_ON_FAIL);
		expect(billed(sandbox)).toEqual(['payer0@example.com', 'payer1@example.com']);
		expect(sandbox.requests).toHaveLength(2);
		const today = new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Berlin' });
		expect(words(executed)).toMatch(
			new RegExp(
				`Look in SafePays for an invoice of 101 USD to payer1@example.com, sent at ${today} \\d\\d:\\d\\d:\\d\\d \\(Europe/Berlin\\)`,
			),
		);
		expect(words(executed)).toContain(`Created in this run: ${booked()[0]}`);
		expect(words(executed)).not.toContain('payer2@example.com');
	});

	it('sends it again if "Create Again If Unsure" is on', async () => {
		faultAfter(sandbox, 0, { kind: 'resetBefore', times: 1 });
		const executed = await runCreates(sandbox, bills(1), {
			options: { resendUnconfirmed: true },
		});
		expect(ids(executed.items)).toEqual(booked());
		expect(sandbox.requests).toHaveLength(2);
	});

	it('names in the last error also what only an earlier try has created or left open', async () => {
		// All four are on their way as the first one is cut off; the second try ends at that one.
		sandbox.addFault({ kind: 'resetBefore', times: 1 });
		sandbox.addFault({ kind: 'slow', ms: 50, times: 2 });
		sandbox.addFault({ kind: 'html', ms: 50, times: 1, afterProcessing: true });
		sandbox.setLatency(20);
		const world = createWorld(sandbox);
		const first = await execute(world, createInvoices({ options: { maxConcurrency: 4 } }), {
			items: bills(4),
		});
		const inTurn = createInvoices(IN_TURN);
		const second = await execute(world, inTurn, { retryOf: first, withSavedWorkflow: true });
		expect(second.error?.message).toMatch(/^Not sent again/);
		expect(sandbox.requests).toHaveLength(4);
		for (const { id, email } of sandbox.books.invoices.values()) {
			const listed = words(second).includes(id);
			const lookedFor = words(second).includes(
				`an invoice of ${100 + Number(email[5])} USD to ${email}, sent`,
			);
			expect([email, listed || lookedFor]).toEqual([email, true]);
		}
	});
});

describe('an unconfirmed create that is resent', () => {
	const resend = { options: { resendUnconfirmed: true, maxConcurrency: 1, rateLimitWait: 1 } };

	it.each([
		['is then refused', { kind: 'status', status: 400 }],
		[
			'then runs into the rate limit',
			{ kind: 'status', status: 429, headers: { 'Retry-After': '60' } },
		],
	] as const)('%s: the error still says that the invoice may exist', async (_name, second) => {
		sandbox.addFault({ kind: 'resetAfter', times: 1 });
		sandbox.addFault(second);
		const executed = await runCreates(sandbox, bills(1), resend, {
			onError: 'continueRegularOutput',
		});
		expect(billed(sandbox)).toEqual(['payer0@example.com']);
		expect(executed.items[0].error).toMatch(/may have been created anyway/);
		expect(executed.items[0].details).toMatchObject({ unconfirmed: true });
		expect(JSON.stringify(executed.items[0])).toContain(
			'an invoice of 100 USD to payer0@example.com',
		);
		expect(JSON.stringify(executed.items[0])).not.toMatch(/Nothing was sent/);
	});

	it('stays unconfirmed for a try without the option', async () => {
		sandbox.addFault({ kind: 'resetAfter', times: 1 });
		sandbox.addFault({ kind: 'status', status: 400 });
		const world = createWorld(sandbox);
		const first = await execute(world, createInvoices(resend), { items: bills(1) });
		sandbox.clearFaults();
		const again = await execute(world, createInvoices(), {
			retryOf: first,
			withSavedWorkflow: true,
		});
		expect(again.error?.message).toMatch(/^Not sent again/);
		expect(billed(sandbox)).toHaveLength(1);
	});
});

describe('"Retry" in the editor', () => {
	async function failing(): Promise<{ first: Executed; world: ReturnType<typeof createWorld> }> {
		faultAfter(sandbox, 2, { kind: 'status', status: 400, times: 1 });
		const world = createWorld(sandbox, { mode: 'trigger' });
		const first = await execute(world, createInvoices(IN_TURN), { items: bills(3) });
		expect(first.error?.message).toContain('(400) [item 2]');
		return { first, world };
	}

	it('creates only what is missing', async () => {
		const { first, world } = await failing();
		const again = await execute(world, createInvoices(IN_TURN), { retryOf: first });
		expect(ids(again.items)).toEqual(booked());
		expect(billed(sandbox)).toEqual(bills(3).map(({ email }) => email));
	});

	it('creates an item anew whose request has changed, and hands out its neighbours', async () => {
		const { first, world } = await failing();
		const changed = createInvoices({
			...IN_TURN,
			amount: '={{ $itemIndex === 1 ? 7 : $json.amount }}',
		});
		const again = await execute(world, changed, { retryOf: first, withSavedWorkflow: true });
		expect(again.items.map(({ base_amount }) => base_amount)).toEqual([100, 7, 102]);
		expect(again.items[0].id).toBe(booked()[0]);
		expect(sandbox.books.invoices.size).toBe(4);
	});

	it('finds an invoice again when the items around it have moved', async () => {
		const { first, world } = await failing();
		// Item 0 now bills what item 1 has billed, and the other way round.
		const swapped = createInvoices({
			...IN_TURN,
			email:
				'={{ ["payer1@example.com", "payer0@example.com", "payer2@example.com"][$itemIndex] }}',
			amount: '={{ [101, 100, 102][$itemIndex] }}',
		});
		const again = await execute(world, swapped, { retryOf: first, withSavedWorkflow: true });
		expect(ids(again.items)).toEqual([booked()[1], booked()[0], booked()[2]]);
		expect(sandbox.books.invoices.size).toBe(3);
	});

	it('creates nothing for an unconfirmed create, however often it is pressed', async () => {
		sandbox.addFault({ kind: 'brokenJson', afterProcessing: true, times: 1 });
		const world = createWorld(sandbox, { mode: 'trigger' });
		let executed = await execute(world, createInvoices(IN_TURN), { items: bills(1) });
		for (let press = 0; press < 3; press++) {
			executed = await execute(world, createInvoices(IN_TURN), { retryOf: executed });
			expect(executed.error?.message).toMatch(/^Not sent again/);
		}
		expect(sandbox.requests).toHaveLength(1);
		const resent = createInvoices({ options: { resendUnconfirmed: true } });
		const sent = await execute(world, resent, { retryOf: executed, withSavedWorkflow: true });
		expect(ids(sent.items)).toEqual([booked()[1]]);
	});
});

describe('runs of the node that are no tries', () => {
	it('bill the same again: equal items of two runs in one execution are two invoices each', async () => {
		const json = createInvoices(IN_TURN);
		const branch = (name: string): INode => ({
			...structuredClone(json.nodes.find((node) => node.name === 'After') as INode),
			id: name,
			name,
		});
		json.nodes.push(branch('A'), branch('B'));
		json.connections['When clicking Test'] = {
			main: [[...['A', 'B'].map((node) => ({ node, type: 'main' as const, index: 0 }))]],
		};
		for (const name of ['A', 'B'])
			json.connections[name] = { main: [[{ node: 'SafePays', type: 'main', index: 0 }]] };
		const executed = await execute(createWorld(sandbox), json, { items: bills(2) });
		expect(executed.run.data.resultData.runData.SafePays).toHaveLength(2);
		expect(billed(sandbox)).toEqual([...bills(2), ...bills(2)].map(({ email }) => email));
	});

	it('bill the same again in the next execution', async () => {
		const world = createWorld(sandbox, { mode: 'trigger' });
		for (let times = 0; times < 2; times++)
			await execute(world, createInvoices(), { items: bills(1) });
		expect(sandbox.books.invoices.size).toBe(2);
	});
});

describe('cancelling an execution', () => {
	async function cancelled() {
		const workflow = createInvoices({ options: { maxConcurrency: 3 } });
		sandbox.setLatency(150);
		const warn = jest.spyOn(Container.get(Logger), 'warn');
		const executed = await execute(createWorld(sandbox), workflow, {
			items: bills(20),
			onStart: (running) =>
				void until(() => sandbox.requests.length === 3).then(() => running.cancel()),
		});
		await until(() => warn.mock.calls.length > 0);
		const logged = warn.mock.calls.flat().join('\n');
		warn.mockRestore();
		return { executed, logged };
	}

	it('starts no new items, and lets the creates on their way finish', async () => {
		const { executed } = await cancelled();
		expect(executed.run.status).toBe('canceled');
		expect(sandbox.requests.map(({ status }) => status)).toEqual([201, 201, 201]);
		expect(sandbox.books.invoices.size).toBe(3);
	});

	it('logs what was created', async () => {
		const { logged } = await cancelled();
		expect(logged).toContain('"SafePays"');
		for (const id of booked()) expect(logged).toContain(id);
	});

	it('logs what may have been created', async () => {
		faultAfter(sandbox, 2, { kind: 'resetAfter', ms: 50 });
		const { logged } = await cancelled();
		const open = [...sandbox.books.invoices.values()].filter(({ id }) => !logged.includes(id));
		expect(open).toHaveLength(1);
		expect(logged).toContain(`USD to ${open[0].email}`);
	});
});
