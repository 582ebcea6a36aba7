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
				expect(await final.areAll(ask)).toBe(isFinal.every(Boolean) ? 'yes' : 'no');

				// One that is not final ends the asking, and what was final is not asked for again.
				const firstOpen = isFinal.indexOf(false);
				const expected = stored.filter(
					(invoice, nth) => !('error' in invoice) && (firstOpen < 0 || nth <= firstOpen),
				);
				expect(asked).toEqual(expected.map(({ id }) => id));
				asked.length = 0;
				await final.areAll(ask);
				expect(asked).toEqual(firstOpen < 0 ? [] : [stored[firstOpen].id]);
			}),
		);
	});

	it('are "unknown" if one cannot be asked for', async () => {
		const stored = [{ id: 'a' }, { id: 'b' }];
		const ask = async (id: string) => (id === 'a' ? verdict(id, 'Paid') : undefined);
		expect(await of(stored).areAll(ask)).toBe('unknown');
	});

	it('come out in input order, as the API gave them last, with "timedOut": false', async () => {
		const stored = [
			{ id: 'A', payment_link: 'link', timedOut: true },
			{ error: 'It failed' },
			{ id: 'b', timedOut: true },
		];
		const final = of(stored);
		final.note({ id: 'b', status: 'Paid', amount: 2 });
		final.note({ id: 'a', status: 'Paid', amount: 1 });
		expect(final.createOutputs()).toEqual([
			{ json: { id: 'a', status: 'Paid', amount: 1, timedOut: false }, pairedItem: { item: 0 } },
			{ json: { error: 'It failed' }, pairedItem: { item: 1 } },
			{
				json: { id: 'b', status: 'Paid', amount: 2, timedOut: false },
				pairedItem: { item: 2 },
			},
		]);
	});

	it('settle what is known: everything about a paid one, nothing new about a failed one', () => {
		const stored = [{ id: 'a' }, { id: 'b' }];
		const final = of(stored, 'paidOrFailed');
		const SAYS = ['Paid', 'Failed', undefined] as const;
		expect(final.settles(['a'], 'Paid')).toBe(false);
		final.note({ id: 'a', status: 'Paid' });
		final.note({ id: 'b', status: 'Failed' });
		expect(SAYS.map((says) => final.settles(['a'], says))).toEqual([true, true, true]);
		expect(SAYS.map((says) => final.settles(['b'], says))).toEqual([false, true, false]);
	});

	it('are remembered for each wait by itself', () => {
		const first = of([{ id: 'a' }], 'paid', 'one execution');
		first.resumed = true;
		expect(of([{ id: 'a' }], 'paid', 'one execution')).toBe(first);
		expect(of([{ id: 'b' }], 'paid', 'one execution').resumed).toBe(false);
		expect(of([{ id: 'a' }], 'paid', 'another execution').resumed).toBe(false);
	});

	it('are remembered anew when the execution begins another wait for the same', () => {
		const first = of([{ id: 'a' }], 'paid', 'an execution in a loop');
		first.resumed = true;
		FinalInvoices.begin('an execution in a loop', [{ id: 'a' }], 'paid');
		expect(of([{ id: 'a' }], 'paid', 'an execution in a loop').resumed).toBe(false);
	});

	it('of executions long past are forgotten', () => {
		const first = of([{ id: 'a' }], 'paid', 'long past');
		first.resumed = true;
		for (let nth = 0; nth < 1000; nth++) of([{ id: 'a' }]);
		expect(of([{ id: 'a' }], 'paid', 'long past').resumed).toBe(false);
	});
});
