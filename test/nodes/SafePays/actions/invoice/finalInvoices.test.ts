import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import type { ResumeOn } from '../../../../../nodes/SafePays/actions/invoice/waitForPayment/finalInvoices';
import { FinalInvoices } from '../../../../../nodes/SafePays/actions/invoice/waitForPayment/finalInvoices';
import type { Verdict } from '../../../../../nodes/SafePays/webhooks/verify';

let executions = 0;

const FINAL: Record<string, string[]> = { paid: ['Paid'], paidOrFailed: ['Paid', 'Failed'] };

const status = fc.constantFrom('Invoice Created', 'Paid', 'Failed', 'Unpaid');
const resumeOn = fc.constantFrom<ResumeOn[]>('paid', 'paidOrFailed');

/** Invoices as they are stored, and as the API gives them now. */
const wait = fc
	.array(
		fc.oneof({ weight: 5, arbitrary: status }, { weight: 1, arbitrary: fc.constant('error') }),
		{ maxLength: 12 },
	)
	.map((list) => ({
		stored: list.map(
			(now, nth): IDataObject =>
				now === 'error' ? { error: 'It failed' } : { id: `id-${nth}`, status: 'Invoice Created' },
		),
		now: new Map(list.map((now, nth) => [`id-${nth}`, now])),
	}));

function of(
	items: IDataObject[],
	on: ResumeOn = 'paid',
	executionId = String(++executions),
): FinalInvoices {
	return FinalInvoices.find(executionId, items, on);
}

/** What the API is understood to say of an invoice. */
function verdict(invoiceId: string, now?: string): Verdict {
	if (now === 'Invoice Created') return { kind: 'created', invoiceId };
	const invoice = { id: invoiceId, status: now };
	return { kind: 'confirmed', invoiceId, status: now as 'Paid', invoice };
}

describe('The invoices of a wait', () => {
	it('are all final exactly when the API says so of each, error items aside', async () => {
		await fc.assert(
			fc.asyncProperty(wait, resumeOn, async ({ stored, now }, on) => {
				const asked: string[] = [];
				const ask = async (id: string) => {
					asked.push(id);
					return verdict(id, now.get(id));
				};
				const final = of(stored, on);
				const isFinal = stored.map(
					(invoice) =>
						'error' in invoice || FINAL[on].includes(String(now.get(String(invoice.id)))),
				);
				expect(await final.areAllFinal(ask)).toBe(isFinal.every(Boolean) ? 'yes' : 'no');

				// One that is not final ends the asking, and what was final is not asked for again.
				const firstOpen = isFinal.indexOf(false);
				const expected = stored.filter(
					(invoice, nth) => !('error' in invoice) && (firstOpen < 0 || nth <= firstOpen),
				);
				expect(asked).toEqual(expected.map(({ id }) => id));
				asked.length = 0;
				await final.areAllFinal(ask);
				expect(asked).toEqual(firstOpen < 0 ? [] : [stored[firstOpen].id]);
			}),
		);
	});

	it('of executions long past are forgotten', () => {
		const first = of([{ id: 'a' }], 'paid', 'long past');
		first.resumed = true;
		for (let nth = 0; nth < 1000; nth++) of([{ id: 'a' }]);
		expect(of([{ id: 'a' }], 'paid', 'long past').resumed).toBe(false);
	});
});
