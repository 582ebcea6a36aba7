import fc from 'fast-check';
import type { IWebhookFunctions } from 'n8n-workflow';

import type { InvoiceStatus } from '../../../../nodes/SafePays/transport/records';
import { RecentEvents } from '../../../../nodes/SafePays/webhooks/recentEvents';
import { clearProcessMemory } from '../../../../nodes/SafePays/processMemory';
import { holds } from '../../../support/holds';

let triggers = 0;

/** The memory of a trigger. */
function createEvents(name = `trigger-${++triggers}`): RecentEvents {
	return new RecentEvents({
		getWorkflow: () => ({ id: name }),
		getNode: () => ({ id: 'node' }),
	} as unknown as IWebhookFunctions);
}

const status = fc.constantFrom<InvoiceStatus>('Paid', 'Failed', 'Unpaid');
const invoice = fc.constantFrom('a', 'b', 'c');

describe('Events that a trigger has passed on', () => {
	it('are claimed once each, in whatever order they come', () => {
		holds(fc.array(fc.tuple(invoice, status)), (events) => {
			const name = `trigger-${++triggers}`;
			const claimed = events.filter(([id, as]) => createEvents(name).claim(id, as));
			expect(claimed.map(String).sort()).toEqual([...new Set(events.map(String))].sort());
		});
	});

	it('are settled for what was passed on and, once paid, where no status is named; never for what is new', () => {
		holds(
			fc.array(fc.tuple(invoice, status)),
			invoice,
			fc.option(status, { nil: undefined }),
			(events, id, as) => {
				const recent = createEvents();
				for (const event of events) recent.claim(...event);
				const known = events.filter(([other]) => other === id).map(([, knownAs]) => knownAs);
				expect(recent.settles(id, as)).toBe(known.some((knownAs) => knownAs === (as ?? 'Paid')));
			},
		);
	});

	it('that were released can be claimed again, once', () => {
		const recent = createEvents();
		expect(recent.claim('a', 'Paid')).toBe(true);
		recent.release('a', 'Paid');
		expect(recent.settles('a', 'Paid')).toBe(false);
		expect(recent.claim('a', 'Paid')).toBe(true);
		expect(recent.claim('a', 'Paid')).toBe(false);
	});

	it('are remembered by no more than 20,000, the oldest are forgotten first', () => {
		const recent = createEvents();
		for (let nth = 0; nth <= 20_000; nth++) recent.claim(`invoice-${nth}`, 'Paid');
		expect(recent.settles('invoice-0', 'Paid')).toBe(false);
		expect(recent.settles('invoice-1', 'Paid')).toBe(true);
		clearProcessMemory();
		expect(recent.settles('invoice-1', 'Paid')).toBe(false);
	});

	it('of one trigger say nothing of another', () => {
		expect(createEvents().claim('a', 'Paid')).toBe(true);
		expect(createEvents().claim('a', 'Paid')).toBe(true);
	});
});
