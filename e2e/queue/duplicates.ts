import { setTimeout as sleep } from 'node:timers/promises';

import type { Invoice } from '../../sandbox';
import { listening, paidInvoices, tell, type Receiver } from './world';

/** Pairs sent at the same moment; `SAFEPAYS_E2E_PAIRS` has more of them counted. */
const PAIRS = Number(process.env.SAFEPAYS_E2E_PAIRS ?? 40);
const LATE = 40;
const AT_ONCE = 30;
const MOST_TRIES = 8;

/** Notifications that were not answered 200 the first time, since that was last told. */
let sentAgain = 0;

/** Expects each invoice to have started the workflow once, and says how many executions more there were. */
async function expectOnce(what: string, receiver: Receiver, invoices: Invoice[]): Promise<void> {
	const { times, executions } = await receiver.passedOn(invoices);
	const extra = times.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
	const lost = times.filter((count) => count === 0).length;
	tell(
		`queue mode, ${what}: ${extra} extra runs, ${lost} lost; ${executions - invoices.length} executions ended ` +
			`at the trigger; ${sentAgain} notifications sent again`,
	);
	sentAgain = 0;
	expect({ extra, lost }).toEqual({ extra: 0, lost: 0 });
}

/** Sends a notification until it is answered 200, as a sender that tries again does. */
async function deliver(receiver: Receiver, invoice: Invoice, processor: number): Promise<void> {
	for (let tries = 1; (await receiver.notify(invoice, processor)).status !== 200; tries++) {
		if (tries === MOST_TRIES) throw new Error(`${tries} tries were not answered 200`);
		sentAgain++;
		await sleep(1_000);
	}
}

/** Copies of a notification that reach different processes of n8n. */
export function duplicates(): void {
	it(`${PAIRS} pairs of copies, one to each webhook processor at the same moment, run the workflow once each`, async () => {
		const receiver = await listening();
		const invoices = paidInvoices(PAIRS);
		for (const invoice of invoices) {
			await Promise.all([deliver(receiver, invoice, 0), deliver(receiver, invoice, 1)]);
		}
		await expectOnce(`${PAIRS} pairs at once`, receiver, invoices);
	});

	it(`${LATE} late copies, each to the other webhook processor, run nothing`, async () => {
		const receiver = await listening();
		const invoices = paidInvoices(LATE);
		for (const invoice of invoices) await deliver(receiver, invoice, 0);
		await receiver.ended();
		for (const invoice of invoices) await deliver(receiver, invoice, 1);
		await expectOnce(`${LATE} late copies`, receiver, invoices);
	});

	it(`${AT_ONCE} different ones at once, and all again, run the workflow once each`, async () => {
		const receiver = await listening();
		const invoices = paidInvoices(AT_ONCE);
		await Promise.all(invoices.map(async (invoice, n) => await deliver(receiver, invoice, n)));
		await receiver.ended();
		await Promise.all(invoices.map(async (invoice, n) => await deliver(receiver, invoice, n + 1)));
		await expectOnce(`${AT_ONCE} at once and all again`, receiver, invoices);
	});

	it(`${AT_ONCE} pairs of copies all at once run the workflow once each`, async () => {
		const receiver = await listening();
		const invoices = paidInvoices(AT_ONCE);
		await Promise.all(
			invoices.flatMap((invoice) => [0, 1].map(async (n) => await deliver(receiver, invoice, n))),
		);
		await expectOnce(`${AT_ONCE} pairs all at once`, receiver, invoices);
	});
}
