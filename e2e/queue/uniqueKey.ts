import { getError, getItems, type Execution } from '../../tools/harness/client';
import { n8nIsBefore } from '../../tools/harness/olderN8n';
import { openShop, type Shop } from '../shop';
import { findWorker, queueWorld, tell } from './world';

/** Orders that are placed twice at the same moment; `SAFEPAYS_E2E_ORDERS` has more of them counted. */
const ORDERS = Number(process.env.SAFEPAYS_E2E_ORDERS ?? 20);
const KEYS = Array.from({ length: ORDERS }, (_, n) => `order-${n}`);

const OUTCOMES = ['created', 'reused', 'refused'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** What another worker says of a key: before n8n 2.6 it has no table that it could look into. */
const ELSEWHERE: Outcome = n8nIsBefore('2.6.0') ? 'refused' : 'reused';

function readOutcome(execution: Execution): Outcome {
	const error = getError(execution, 'SafePays');
	if (ELSEWHERE === 'refused' && error?.message.includes('is taken')) return 'refused';
	expect(error).toBeUndefined();
	const [{ reused }] = getItems(execution, 'SafePays');
	return reused ? 'reused' : 'created';
}

function readOrder(execution: Execution): unknown {
	const [{ body }] = getItems(execution, 'Webhook');
	return (body as { order: string }).order;
}

function counts(outcomes: Outcome[]): string {
	const count = (outcome: Outcome) => outcomes.filter((each) => each === outcome).length;
	return OUTCOMES.map((outcome) => `${count(outcome)} ${outcome}`).join(', ');
}

/** Orders whose invoice two executions, or a later one, ask for. */
export function uniqueKey(): void {
	let shop: Shop;
	/** The executions that had created the invoices, in the order of the keys. */
	let creators: Execution[];

	beforeAll(async () => {
		const { client, credentialId, sandbox, urls } = queueWorld();
		shop = await openShop({ client, credentialId, webhookUrl: urls[0], sandboxUrl: sandbox.url });
	});

	it(`${ORDERS} orders, each placed twice at the same moment, are one invoice each`, async () => {
		const { client, sandbox, urls } = queueWorld();
		// longer than n8n takes to start the second
		sandbox.setLatency(500);
		for (const key of KEYS) await Promise.all(urls.map(async (url) => await shop.order(key, url)));
		sandbox.setLatency(0);

		const executions = await client.waitForExecutions(shop.id, 2 * ORDERS);
		const onAnother: Outcome[] = [];
		const onTheSame: Outcome[] = [];
		creators = KEYS.map((key) => {
			const pair = executions.filter((execution) => readOrder(execution) === key);
			const [creator, ...others] = pair.sort((a, b) =>
				readOutcome(a).localeCompare(readOutcome(b)),
			);
			expect([readOutcome(creator), others.length]).toEqual(['created', 1]);
			const apart = findWorker(creator.id) !== findWorker(others[0].id);
			(apart ? onAnother : onTheSame).push(readOutcome(others[0]));
			return creator;
		});
		tell(
			`queue mode, ${ORDERS} orders placed twice at once: ${(await shop.invoices()).length} invoices; ` +
				`the second item on another worker (${onAnother.length}): ${counts(onAnother)}; ` +
				`on the same (${onTheSame.length}): ${counts(onTheSame)}`,
		);
		expect(await shop.invoices()).toHaveLength(ORDERS);
		expect(onAnother).toEqual(onAnother.map(() => ELSEWHERE));
		expect(onTheSame).toEqual(onTheSame.map(() => 'reused'));
	});

	it('a later item gets the invoice, on whichever worker', async () => {
		const { client } = queueWorld();
		for (const key of KEYS) await shop.order(key);
		const later = (await client.waitForExecutions(shop.id, 3 * ORDERS)).slice(-ORDERS);
		const onAnother: Outcome[] = [];
		const onTheSame: Outcome[] = [];
		later.forEach((execution, n) => {
			const same = findWorker(execution.id) === findWorker(creators[n].id);
			(same ? onTheSame : onAnother).push(readOutcome(execution));
		});
		tell(
			`queue mode, the same ${ORDERS} orders placed later: on another worker (${onAnother.length}): ` +
				`${counts(onAnother)}; on the same (${onTheSame.length}): ${counts(onTheSame)}`,
		);
		expect(await shop.invoices()).toHaveLength(ORDERS);
		expect(onAnother).not.toEqual([]);
		expect(onAnother).toEqual(onAnother.map(() => ELSEWHERE));
		expect(onTheSame).toEqual(onTheSame.map(() => 'reused'));
	});
}
