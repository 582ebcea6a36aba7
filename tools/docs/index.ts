import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { runCli } from '../harness/failure';
import { projectDir } from '../harness/paths';
import { PAGES, readPage, renderPage } from './pages';

runCli(async () => {
	for (const page of PAGES) {
		const before = readPage(page);
		const after = await renderPage(page);
		if (after === before) continue;
		writeFileSync(join(projectDir, page), after);
		console.log(`${page} is up to date now`);
	}
});
