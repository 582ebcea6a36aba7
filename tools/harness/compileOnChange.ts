import { join } from 'node:path';
import * as ts from 'typescript';

/** What tsc says when it has compiled everything, with one error and with any other number. */
const COMPILED = [6193, 6194];

interface CompilerEvents {
	begin(): void;
	/** Files were written. */
	written(): void;
	/** Called with what is wrong in the sources. */
	failed(messages: string): void;
}

/**
 * Compiles a project (`tsconfig.json` in `projectDir`) into `outDir`, now and at each change, until
 * it is closed. Nothing is written as long as there are errors.
 */
export function compileOnChange(
	projectDir: string,
	outDir: string,
	events: CompilerEvents,
): { close(): void } {
	let writes = 0;
	let errors: ts.Diagnostic[] = [];
	const format = {
		getCanonicalFileName: (name: string) => name,
		getCurrentDirectory: () => projectDir,
		getNewLine: () => '\n',
	};
	const host = ts.createWatchCompilerHost(
		join(projectDir, 'tsconfig.json'),
		{ outDir, noEmitOnError: true },
		{
			...ts.sys,
			writeFile(path, data, writeByteOrderMark) {
				writes++;
				ts.sys.writeFile(path, data, writeByteOrderMark);
			},
		},
		ts.createEmitAndSemanticDiagnosticsBuilderProgram,
		(diagnostic) => errors.push(diagnostic),
		({ code }) => {
			if (!COMPILED.includes(code)) {
				events.begin();
				return;
			}
			if (errors.length > 0) events.failed(ts.formatDiagnostics(errors, format).trim());
			else if (writes > 0) events.written();
			errors = [];
			writes = 0;
		},
	);
	return ts.createWatchProgram(host);
}
