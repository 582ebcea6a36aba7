import type { NodeJson } from '../harness/workflow';
import {
	createWorkflow,
	httpRequestNode,
	ourNode,
	runCreates,
	WARM_UP_ITEMS,
	type CreateRun,
} from './createRun';
import { createRatioTarget, createTable, type Section } from './report';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

const LATENCY_MS = 20;
const MEGABYTE = 1024 ** 2;

/** The most memory that n8n holds while a node creates very many invoices, in a fresh n8n for each node. */
export async function benchmarkMemory(settings: Settings): Promise<Section> {
	const items = settings.quick ? 300 : 10_000;
	const measure = async (name: string, make: (credential: string, url: string) => NodeJson) =>
		await using(settings, async (cleanup) => {
			const n8n = await startFreshN8n(settings, cleanup);
			const flags = ['--no-rate-limit', '--latency', String(LATENCY_MS)];
			const { sandbox, credential } = await startSandboxFor(n8n, cleanup, flags);
			settings.step(`memory: ${name}`);
			const workflow = await createWorkflow(n8n, make(credential, sandbox.url));
			await runCreates(n8n, sandbox, workflow, { items: WARM_UP_ITEMS });
			return await runCreates(n8n, sandbox, workflow, { items });
		});
	const ours = await measure('SafePays', (credential) => ourNode(credential));
	const http = await measure('HTTP Request', httpRequestNode);

	return {
		title: 'Memory',
		text:
			`${items} invoices from one run of a node at its defaults, in an n8n started for it; the sandbox answers ` +
			`after ${LATENCY_MS} ms. The most memory that n8n's process held (resident, in MB), and what it held just ` +
			'before.',
		tables: [
			createTable(
				[
					['Node', ({ name }) => name],
					['execution', ({ run }) => run.status],
					['before MB', ({ run }) => (run.memoryBefore / MEGABYTE).toFixed(0)],
					['peak MB', ({ run }) => (run.peakMemory / MEGABYTE).toFixed(0)],
					['wall s', ({ run }) => run.wallSeconds.toFixed(1)],
					['created', ({ run }) => run.created],
					['reported', ({ run }) => run.reported],
				],
				[
					{ name: 'SafePays', run: ours },
					{ name: 'HTTP Request', run: http },
				],
			),
		],
		reading:
			`On top of what n8n held before, the SafePays node took ${megabytesMore(ours)} MB and the HTTP Request node ` +
			`${megabytesMore(http)} MB.`,
		targets: [
			createRatioTarget(
				"peak memory ≤ the HTTP Request node's",
				ours.peakMemory,
				http.peakMemory,
				1,
				'V8 grows its heap as long as there is room before it cleans up, so peaks of the same work differ by some percent from run to run.',
			),
		],
	};
}

function megabytesMore({ peakMemory, memoryBefore }: CreateRun): string {
	return ((peakMemory - memoryBefore) / MEGABYTE).toFixed(0);
}
