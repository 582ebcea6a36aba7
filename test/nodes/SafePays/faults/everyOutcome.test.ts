import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { startSandbox } from '../../../../sandbox';
import type { Sandbox } from '../../../../sandbox';
import { execute } from '../../../engine';
import type { Executed } from '../../../engine';
import { safePaysWorkflow } from '../../../engine/workflows';
import { API_KEY, faultAfter, words, createWorld } from '../../../support';
import { pool } from '../../../../tools/harness/pool';
import { CLOSED_PORT } from '../../../../tools/harness/ports';
import type { OutcomeCase } from './outcomes';
import { OUTCOMES } from './outcomes';

const OPERATIONS = ['create customer', 'create invoice', 'get customer', 'get invoice'] as const;
const ITEMS = 3;

interface Case {
	outcome: OutcomeCase;
	operation: (typeof OPERATIONS)[number];
	/** On Error: Continue. */
	goesOn: boolean;
	/** Retry On Fail, two tries. */
	retries: boolean;
	/** Whether the fault hits one request, or that one and all that follow. */
	lasting: boolean;
}

const CASES: Case[] = OUTCOMES.flatMap((outcome) =>
	OPERATIONS.flatMap((operation) =>
		[false, true].flatMap((goesOn) =>
			[false, true].flatMap((retries) =>
				// Where nothing listens, nothing ever does.
				(outcome.baseUrl ? [true] : [false, true]).map((lasting) => ({
					outcome,
					operation,
					goesOn,
					retries,
					lasting,
				})),
			),
		),
	),
);

const describeCase = ({ outcome, operation, goesOn, retries, lasting }: Case) =>
	[
		operation,
		lasting ? `${outcome.name}, lasting` : `${outcome.name}, once`,
		goesOn ? 'Continue' : 'Stop',
		retries ? 'Retry On Fail' : 'one try',
	].join(' · ');

interface Ran {
	executed: Executed;
	/** What was asked for items by then, and what is in the books. */
	sandbox: Sandbox;
	/** How often each item's request came, by its email address or record id. */
	sent: Map<string, number>;
	/** What tells an item from the others: its email address, or the id that it asks for. */
	items: string[];
}

const PARAMETERS: Record<Case['operation'], INodeParameters> = {
	'create customer': {
		resource: 'customer',
		operation: 'create',
		name: 'John Doe',
		email: '={{ $json.which }}',
	},
	'create invoice': {
		resource: 'invoice',
		operation: 'create',
		email: '={{ $json.which }}',
		amount: 200,
	},
	'get customer': { resource: 'customer', operation: 'get', customerId: '={{ $json.which }}' },
	'get invoice': { resource: 'invoice', operation: 'get', invoiceId: '={{ $json.which }}' },
};

/** For requests that are to be too slow; all others have time, so that a busy machine changes nothing. */
const TIMEOUT_SECONDS = 2;
const LONG_SECONDS = 60;

async function run(one: Case): Promise<Ran> {
	const { outcome, operation, goesOn, retries, lasting } = one;
	const sandbox = await startSandbox({ apiKeys: [API_KEY] });
	const items = Array.from({ length: ITEMS }, (_, index) => {
		const email = `payer${index}@example.com`;
		if (operation === 'get customer')
			return sandbox.books.createCustomer(API_KEY, { name: 'John', email }).id;
		if (operation === 'get invoice')
			return sandbox.books.createInvoice(API_KEY, { email, amount: 200 }).id;
		return email;
	});
	if (outcome.fault) {
		faultAfter(sandbox, hitIndex(one), { ...outcome.fault, times: lasting ? undefined : 1 });
	}
	const baseUrl = {
		'closed port': `http://127.0.0.1:${CLOSED_PORT}`,
		'unknown host': 'http://safepays.invalid',
		none: sandbox.url,
	}[outcome.baseUrl ?? 'none'];
	const executed = await execute(
		createWorld(sandbox, { credentials: { baseUrl } }),
		safePaysWorkflow(
			{
				...PARAMETERS[operation],
				// One after the other, so that it is known which one is hit; where all are, together.
				options: {
					maxConcurrency: lasting && hitIndex(one) === 0 ? ITEMS : 1,
					timeout: outcome.fault?.kind === 'slow' ? TIMEOUT_SECONDS : LONG_SECONDS,
					rateLimitWait: 1.5,
				},
			},
			{
				...(goesOn && { onError: 'continueRegularOutput' as const }),
				...(retries && { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 }),
			},
		),
		{ items: items.map((which) => ({ which })) },
	);
	const sent = new Map<string, number>();
	for (const { path, body } of sandbox.requests) {
		const which = (body as IDataObject | null)?.email ?? path.split('/').at(-1);
		sent.set(String(which), (sent.get(String(which)) ?? 0) + 1);
	}
	await sandbox.close();
	return { executed, sandbox, sent, items };
}

/** n8n retries a node that continues only if its first item is an error. */
function hitIndex({ goesOn, retries }: Case): number {
	return goesOn && retries ? 0 : 1;
}

/** What has to become of each item, from SafePays' table alone. */
function expectation({ outcome, operation, goesOn, retries, lasting }: Case, index: number) {
	const one = { goesOn, retries } as Case;
	const reads = operation.startsWith('get');
	// A second try reads again what the first has read; it does not create again what that has created.
	const first = outcome.baseUrl || (reads && retries && lasting) ? 0 : hitIndex(one);
	if (index < first) return 'succeeds';
	const hit = lasting || index === first;
	if (!hit) {
		// After a failure that ends the run, nothing else is started, unless the retry gets past it.
		const past = goesOn || recovers(outcome, reads, retries);
		return past ? 'succeeds' : 'not started';
	}
	if (!lasting && recovers(outcome, reads, retries)) return 'succeeds';
	if (index > first && !goesOn) return 'not started';
	return !reads && outcome.write === 'unknown' ? 'unconfirmed' : 'fails';
}

/** Whether an item that is hit once comes through all the same. */
function recovers(outcome: OutcomeCase, reads: boolean, retries: boolean): boolean {
	if (outcome.write === 'later') return true;
	if (reads) return outcome.readAgain || retries;
	return outcome.write === 'refused' && retries;
}

describe('every outcome of SafePays’ table × operation × Continue × Retry On Fail', () => {
	const results = new Map<Case, Promise<Ran>>();
	const startedAt = Date.now();
	let running: Promise<unknown>;
	let over = false;

	beforeAll(async () => {
		// Together, since those that ask again spend their time with pauses.
		const starters = new Map<Case, (ran: Promise<Ran>) => void>();
		for (const one of CASES) results.set(one, new Promise((resolve) => starters.set(one, resolve)));
		running = pool([...CASES].reverse(), 32, async (one) => {
			if (over) return;
			const ran = run(one);
			starters.get(one)?.(ran);
			await ran.catch(() => undefined);
		});
	});

	afterAll(async () => {
		over = true;
		await running;
		console.info(
			`Fault suite: ${CASES.length} cases in ${((Date.now() - startedAt) / 1000).toFixed(0)} s`,
		);
	});

	it.each(CASES.map((one) => [describeCase(one), one] as const))(
		'%s',
		async (_name, one) => {
			const { outcome, operation, goesOn, retries, lasting } = one;
			const { executed, sandbox, sent, items } = (await results.get(one)) as Ran;
			const reads = operation.startsWith('get');
			const expected = items.map((_, index) => expectation(one, index));
			const failed = expected.some((what) => what === 'fails' || what === 'unconfirmed');

			// Nothing leaks, whatever happened.
			expect(executed.saved).not.toContain(API_KEY);

			// The items.
			expect(executed.error === undefined).toBe(goesOn || !failed);
			if (executed.error === undefined) {
				const paired = executed.outputs[0].map(
					({ pairedItem }) => (pairedItem as { item: number }).item,
				);
				expect(paired).toEqual(items.map((_, index) => index));
				expect(
					executed.items.map(({ error }) => (error === undefined ? 'succeeds' : 'fails')),
				).toEqual(expected.map((what) => (what === 'succeeds' ? what : 'fails')));
				executed.items.forEach((item, index) => {
					if (expected[index] === 'succeeds') expect([item.email, item.id]).toContain(items[index]);
					else checkErrorItem(item, one, expected[index] === 'unconfirmed');
				});
			} else {
				expect(executed.error.message).toMatch(
					retries && outcome.write === 'unknown' && !reads ? /Not sent again/ : outcome.says,
				);
				expect(executed.error.message).toContain(
					`[item ${expected.findIndex((what) => what === 'fails' || what === 'unconfirmed')}]`,
				);
				expect(executed.error.description).toBeTruthy();
			}

			// The requests: a create is sent once for each time that it is known not to have happened.
			if (!outcome.baseUrl && outcome.write !== 'later') {
				items.forEach((which, index) => {
					const tries = retries && (!goesOn || index === hitIndex(one)) ? 2 : 1;
					if (expected[index] === 'unconfirmed') expect(sent.get(which)).toBe(1);
					// (By the try that failed: the one before it may have read it.)
					if (expected[index] === 'not started' && !(reads && retries))
						expect(sent.get(which)).toBeUndefined();
					if (
						expected[index] === 'fails' &&
						lasting &&
						index === hitIndex(one) &&
						!(reads && retries && !goesOn)
					) {
						expect(sent.get(which)).toBe(tries * (reads && outcome.readAgain ? 4 : 1));
					}
				});
			}

			// The books: nothing twice, nothing out of sight.
			if (!reads) {
				const { customers, invoices } = sandbox.books;
				const records = [...(operation === 'create customer' ? customers : invoices).values()];
				expect(new Set(records.map(({ email }) => email)).size).toBe(records.length);
				for (const { id, email } of records) {
					const index = items.indexOf(email);
					const accounted =
						expected[index] === 'unconfirmed'
							? JSON.stringify([executed.items[index] ?? null, words(executed)])
							: JSON.stringify([executed.items, words(executed)]);
					expect(accounted).toContain(expected[index] === 'unconfirmed' ? email : id);
				}
				const known = expected.filter((what) => what === 'succeeds').length;
				expect(records.length).toBeGreaterThanOrEqual(known);
			}
		},
		// The first case waits for nearly all, since the slow ones run first.
		300_000,
	);
});

function checkErrorItem(
	item: IDataObject,
	{ outcome, operation, retries }: Case,
	unconfirmed: boolean,
): void {
	expect(Object.keys(item).sort()).toEqual(['details', 'error']);
	const details = item.details as IDataObject;
	const notResent = /Not sent again/.test(String(item.error));
	expect(notResent && !(retries && unconfirmed)).toBe(false);
	if (!notResent) {
		expect(item.error).toMatch(outcome.says);
		if (outcome.httpCode) expect(details.httpCode).toBe(outcome.httpCode);
	}
	expect(details.description).toBeTruthy();
	expect(details.unconfirmed === true).toBe(unconfirmed);
	if (unconfirmed) {
		expect(item.error).toMatch(/may (have been created anyway|have created)/);
		expect(details.description).toContain(
			operation === 'create invoice' ? 'an invoice of 200 USD to payer' : 'a customer John Doe',
		);
	}
}
