import fc from 'fast-check';
import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';

import { PassedEvents } from '../../../../nodes/SafePays/notifications/duplicates';

let triggers = 0;

/** A trigger of its own, with the static data that n8n hands to one notification. */
function contextOf(name: string, staticData: IDataObject): IWebhookFunctions {
	return {
		getWorkflow: () => ({ id: name }),
		getNode: () => ({ id: 'node' }),
		getWorkflowStaticData: () => staticData,
	} as unknown as IWebhookFunctions;
}

const newName = () => `trigger-${++triggers}`;
const status = fc.constantFrom('Paid', 'Failed', 'Unpaid');
const invoice = fc.constantFrom('a', 'b', 'c');

describe('Events that a trigger has passed on', () => {
	it('are claimed once each, in whatever order they come', () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(invoice, status)), (events) => {
				const name = newName();
				const staticData = {};
				const claimed = events.filter(([id, as]) => new PassedEvents(contextOf(name, staticData)).claim(id, as));
				expect(claimed.map(String).sort()).toEqual([...new Set(events.map(String))].sort());
			}),
		);
	});

	it('are settled for what was passed on and, once paid, for everything; never for what is new', () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(invoice, status)), invoice, fc.oneof(status, fc.constant('')), (events, id, as) => {
				const passed = new PassedEvents(contextOf(newName(), {}));
				for (const event of events) passed.claim(...event);
				const known = events.filter(([other]) => other === id).map(([, knownAs]) => knownAs);
				expect(passed.settles(id, as)).toBe(known.some((knownAs) => knownAs === 'Paid' || knownAs === as));
			}),
		);
	});

	it('that were taken back can be claimed again, once', () => {
		const name = newName();
		const staticData = {};
		const passed = () => new PassedEvents(contextOf(name, staticData));
		expect(passed().claim('a', 'Paid')).toBe(true);
		passed().takeBack('a', 'Paid');
		expect(passed().settles('a', 'Paid')).toBe(false);
		expect(passed().claim('a', 'Paid')).toBe(true);
		expect(passed().claim('a', 'Paid')).toBe(false);
	});

	it('are kept in static data by no more than 1,000, without repeats, though the process remembers more', () => {
		const name = newName();
		const staticData: IDataObject = {};
		const passed = new PassedEvents(contextOf(name, staticData));
		for (let nth = 0; nth < 2500; nth++) passed.claim(`invoice-${nth}`, 'Paid');
		passed.takeBack('invoice-2400', 'Paid');
		passed.claim('invoice-2400', 'Paid');
		const [stored] = Object.values(staticData) as string[][];
		expect(stored).toHaveLength(1000);
		expect(new Set(stored).size).toBe(1000);
		expect(stored.at(-1)).toContain('invoice-2400');
		expect(passed.claim('invoice-0', 'Paid')).toBe(false);
	});

	it('are known from the static data of a process that has ended', () => {
		const staticData: IDataObject = {};
		new PassedEvents(contextOf(newName(), staticData)).claim('a', 'Paid');
		// Another name stands for a process without memory of the first.
		expect(new PassedEvents(contextOf(newName(), JSON.parse(JSON.stringify(staticData)) as IDataObject)).claim('a', 'Paid')).toBe(false);
	});

	it('of one trigger say nothing of another', () => {
		expect(new PassedEvents(contextOf(newName(), {})).claim('a', 'Paid')).toBe(true);
		expect(new PassedEvents(contextOf(newName(), {})).claim('a', 'Paid')).toBe(true);
	});
});
