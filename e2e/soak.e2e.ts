import { Cleanup } from '../tools/harness/cleanup';
import { reportSoak } from '../tools/soak/report';
import type { Soak } from '../tools/soak/soak';
import { soak } from '../tools/soak/soak';

/** Longer, with other choices, and with a look at memory: `npm run tool -- soak --minutes 10 --seed 42`. */
const MINUTES = 1;
const SEED = Number(process.env.SAFEPAYS_SOAK_SEED ?? 20_262);

jest.setTimeout(1_800_000);

describe(`after a while of mixed traffic under faults (seed ${SEED})`, () => {
	const cleanup = new Cleanup();
	let ours: Soak;
	beforeAll(async () => {
		ours = await soak({ minutes: MINUTES, seed: SEED, cleanup, step: () => undefined });
		reportSoak(SEED, ours);
	});
	afterAll(async () => await cleanup.run());

	it('the books agree: nothing twice, nothing out of sight, every payment once, no forgery', () => {
		expect(ours.audit?.wrong).toEqual([]);
	});

	it('much went well, and much went wrong', () => {
		const counts = ours.audit?.counts ?? {};
		expect(counts['invoices handed out']).toBeGreaterThan(200);
		expect(counts['invoices told of as unconfirmed']).toBeGreaterThan(5);
		expect(counts['paid invoices']).toBeGreaterThan(80);
		expect(counts.forgeries).toBeGreaterThan(0);
		expect(ours.asked.duplicates).toBeGreaterThan(10);
		expect(counts['waits paid']).toBeGreaterThan(5);
		expect(ours.answers['502']).toBeGreaterThan(5);
		expect(ours.answers.none).toBeGreaterThan(5);
	});
});
