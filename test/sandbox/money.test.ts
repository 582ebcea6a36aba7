import * as fc from 'fast-check';

import { formatMoney, fromCents, toCents, withFee } from '../../sandbox/money';

it.each([
	[0.1 + 0.2, 30],
	[1.005, 101],
	[1.004999, 100],
	[10.075, 1_008],
	[4.35 * 100, 43_500],
	[-50.5, -5_050],
	[123_456_789.01, 12_345_678_901],
])('%d is %d cents', (amount, cents) => {
	expect(toCents(amount)).toBe(cents);
});

it('loses no cent on the way to major units and back', () => {
	fc.assert(
		fc.property(fc.integer({ min: -1e12, max: 1e12 }), (cents) => {
			expect(toCents(fromCents(cents))).toBe(cents);
		}),
	);
});

it('rounds the fee half up, as exact arithmetic does', () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 0, max: 1e9 }),
			fc.integer({ min: 0, max: 10_000 }),
			(base, points) => {
				const exact = (BigInt(base) * BigInt(points) * 2n + 10_000n) / 20_000n;
				expect(withFee(base, points / 100)).toBe(base + Number(exact));
			},
		),
	);
});

it('is written with two decimals', () => {
	expect(formatMoney(1_234.5, 'USD')).toBe('1,234.50 USD');
});
