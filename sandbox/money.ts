/**
 * Cents of an amount in major units, rounded half up.
 * 15 significant digits are what a double holds exactly, so rounding to them first undoes binary
 * drift: 1.005 is 101 cents, although 1.005 * 100 is 100.49999999999999.
 */
export function toCents(amount: number): number {
	return Math.round(Number((amount * 100).toPrecision(15)));
}

/** Major units of an amount in cents. */
export function fromCents(cents: number): number {
	return cents / 100;
}

/** The total that the customer is charged, in cents: base amount plus the customer fee. */
export function withFee(baseCents: number, feePercent: number): number {
	return baseCents + toCents((baseCents * feePercent) / 10_000);
}

/** An amount in major units for people to read, such as `1,234.50 USD`. */
export function formatMoney(amount: number, currency: string): string {
	const figure = amount.toLocaleString('en-US', {
		minimumFractionDigits: 2,
		maximumFractionDigits: 2,
	});
	return `${figure} ${currency}`;
}
