import * as fc from 'fast-check';

import { fromCents, toCents, withFee } from '../../sandbox/money';
import { holds } from '../support/holds';

it('loses no cent on the way to major units and back', () => {
	holds(fc.integer({ min: -1e12, max: 1e12 }), (cents) => {
		expect(toCents(fromCents(cents))).toBe(cents);
	});
});

it('rounds the fee half up, as exact arithmetic does', () => {
	holds(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 10_000 }), (base, points) => {
		const exact = (BigInt(base) * BigInt(points) * 2n + 10_000n) / 20_000n;
		expect(withFee(base, points / 100)).toBe(base + Number(exact));
	});
});
