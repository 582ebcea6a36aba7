import { copyFileSync, existsSync, mkdirSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import * as ts from 'typescript';

import type { RunningN8n } from './n8n';
import { installedDir, willChange } from './package';

/** n8n's own switch: it watches the packages that it has loaded, and loads them anew. */
export const LIVE_ENV = { N8N_DEV_RELOAD: 'true' };

/** What n8n logs when it does. */
const RELOADED = 'Hot reload triggered for n8n-nodes-safepays';

/** How long n8n may take to notice; it looks at once, and waits 100 ms for more to come. */
const NOTICE_MS = 20_000;

interface Sources {
	/** A folder with `nodes`, `credentials`, `icons` and `tsconfig.json`. */
	projectDir: string;
	/** Of an n8n that was started with `LIVE_ENV` and has the package in it. */
	userFolder: string;
	n8n: Pick<RunningN8n, 'log' | 'waitForLog'>;
	/** Called with a line for a person about each change. */
	tell(line: string): void;
}

/**
 * Compiles the sources into the package that a running n8n has loaded, now and at each change, so
 * that n8n loads them anew. Sources with errors are told about and not compiled.
 */
export function followSources({ projectDir, userFolder, n8n, tell }: Sources): { close(): void } {
	willChange(userFolder);
	const outDir = join(installedDir(userFolder), 'dist');

	/** Begins to do what n8n has to notice. @returns tells whether it has, when that is done */
	const begin = () => {
		const reloads = n8n.log().split(RELOADED).length - 1;
		const begunAt = performance.now();
		return async (what: string) => {
			try {
				await n8n.waitForLog(new RegExp(`(?:${RELOADED}[^]*){${reloads + 1}}`), NOTICE_MS);
				tell(`${what}: in n8n after ${((performance.now() - begunAt) / 1000).toFixed(1)} s.`);
			} catch {
				tell(`${what}, but n8n did not take it up: press Ctrl-C and start again.`);
			}
		};
	};

	let report = begin();
	const format = {
		getCanonicalFileName: (name: string) => name,
		getCurrentDirectory: () => projectDir,
		getNewLine: () => '\n',
	};
	const compiler = ts.createWatchProgram(
		ts.createWatchCompilerHost(
			join(projectDir, 'tsconfig.json'),
			{ outDir, noEmitOnError: true },
			ts.sys,
			ts.createEmitAndSemanticDiagnosticsBuilderProgram,
			(diagnostic) => tell(ts.formatDiagnostic(diagnostic, format).trim()),
			({ messageText }) => {
				const text = String(messageText);
				if (text.startsWith('Found 0 errors')) void report('Compiled');
				else if (!text.startsWith('Found')) report = begin();
			},
		),
	);
	const assets = ['nodes', 'icons'].map((folder) =>
		watch(join(projectDir, folder), { recursive: true }, (_event, name) => {
			const path = join(folder, name ?? '');
			// some editors save by deleting and writing anew
			if (!/\.(json|svg)$/.test(path) || !existsSync(join(projectDir, path))) return;
			const reportCopy = begin();
			mkdirSync(dirname(join(outDir, path)), { recursive: true });
			copyFileSync(join(projectDir, path), join(outDir, path));
			void reportCopy(`Copied ${path}`);
		}),
	);
	return {
		close() {
			compiler.close();
			for (const watcher of assets) watcher.close();
		},
	};
}
