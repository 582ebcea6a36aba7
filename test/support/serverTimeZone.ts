import { runInThisContext } from 'node:vm';

/** Jest gives tests a copy of `process.env`; the zone of JavaScript's dates is set by the real one. */
const realProcess = runInThisContext('process') as NodeJS.Process;

/** Runs the tests of a `describe` on a server in another time zone, e.g. `America/New_York`. */
export function useServerTimeZone(timeZone: string): void {
	const before = realProcess.env.TZ;
	beforeAll(() => {
		realProcess.env.TZ = timeZone;
		// As JavaScript shows it, so that a zone that did not change is seen.
		expect(new Date(2026, 11, 31).toISOString()).toBe(midnightIn(timeZone).toISOString());
	});
	afterAll(() => {
		if (before === undefined) delete realProcess.env.TZ;
		else realProcess.env.TZ = before;
	});
}

function midnightIn(timeZone: string): Date {
	const midnight = new Date(Date.UTC(2026, 11, 31));
	const shown = midnight.toLocaleString('sv-SE', { timeZone });
	return new Date(2 * midnight.getTime() - new Date(`${shown.replace(' ', 'T')}Z`).getTime());
}
