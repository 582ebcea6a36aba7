import { copyFileSync, existsSync, mkdirSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';

import { compileOnChange } from './compileOnChange';
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
	let begun = performance.now();

	/** Tells what has become of a change that is on the disk. */
	const report = async (what: string, reloads: number) => {
		const told = new RegExp(`(?:${RELOADED}[^]*){${reloads + 1}}`);
		try {
			await n8n.waitForLog(told, NOTICE_MS);
			const seconds = ((performance.now() - begun) / 1000).toFixed(1);
			tell(`${what}: in n8n after ${seconds} s.`);
		} catch {
			tell(`${what}, but n8n did not take it up: press Ctrl-C and start again.`);
		}
	};
	const reloads = () => n8n.log().split(RELOADED).length - 1;

	const compiler = compileOnChange(projectDir, outDir, {
		begin: () => (begun = performance.now()),
		written: () => void report('Compiled', reloads()),
		failed: tell,
	});
	const assets = ['nodes', 'icons'].map((folder) =>
		watch(join(projectDir, folder), { recursive: true }, (_event, name) => {
			const path = join(folder, name ?? '');
			// some editors save by deleting and writing anew
			if (!/\.(json|svg)$/.test(path) || !existsSync(join(projectDir, path))) return;
			begun = performance.now();
			const before = reloads();
			mkdirSync(dirname(join(outDir, path)), { recursive: true });
			copyFileSync(join(projectDir, path), join(outDir, path));
			void report(`Copied ${path}`, before);
		}),
	);
	return {
		close() {
			compiler.close();
			for (const watcher of assets) watcher.close();
		},
	};
}
