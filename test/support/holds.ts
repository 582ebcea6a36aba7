import fc from 'fast-check';

/** Expects something of any values of these kinds; the last parameter says what. */
export function holds<Values extends [unknown, ...unknown[]]>(
	...property: [
		...arbitraries: { [Index in keyof Values]: fc.Arbitrary<Values[Index]> },
		predicate: (...values: Values) => boolean | void,
	]
): void {
	fc.assert(fc.property(...property));
}
