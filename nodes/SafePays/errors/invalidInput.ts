/** A value that is not valid, found without asking SafePays. `field` is the name that the user sees. */
export class InvalidInput extends Error {
	constructor(
		readonly field: string,
		what: string,
		readonly nextStep: string,
	) {
		super(`"${field}" ${what}`);
	}
}
