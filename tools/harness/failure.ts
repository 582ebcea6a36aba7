/** Something that a person can act on: its message is one line, shown without a stack trace. */
export class Failure extends Error {
	override name = 'Failure';
}

/**
 * Runs a command line's `main`. A rejection ends the process with code 1: a `Failure` as its one
 * line, anything else with its stack, since that is a bug.
 */
export function runCli(main: () => Promise<void>): void {
	main().catch((error: unknown) => {
		console.error(error instanceof Failure ? error.message : error);
		process.exit(1);
	});
}

/** Shows what a command line takes and ends, if that is what somebody wants to know. */
export function showHelp(help: string): void {
	if (!process.argv.slice(2).some((word) => word === '--help' || word === '-h')) return;
	process.stdout.write(help);
	process.exit(0);
}

/** The message of anything thrown. */
export function getMessage(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
