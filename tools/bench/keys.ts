import type { NodeJson } from '../harness/workflow';
import {
	createWorkflow,
	DEFAULT_IN_FLIGHT,
	MOST_IN_FLIGHT,
	ourNode,
	runCreates,
	WARM_UP_ITEMS,
	type CreateRun,
	type CreateWorkflow,
} from './createRun';
import { createRatioTarget, createTable, median, type Section } from './report';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

const LATENCY_MS = 200;
/** Times what the same run takes without keys. */
const MOST = 1.15;
/** Items of a run that only puts keys on record. */
const FILL_ITEMS = 3000;

interface Row {
	/** Keys on record before the first round. */
	onRecord: number;
	withKeys: CreateRun[];
	without: CreateRun[];
}

/** What a unique key for each invoice costs, with few and with many keys on record. */
export async function benchmarkKeys(settings: Settings): Promise<Section> {
	const items = settings.quick ? 40 : 300;
	const rounds = settings.quick ? 1 : 3;
	const sizes = settings.quick ? [0, 100] : [0, 6000, 15_000];
	return await using(settings, async (cleanup) => {
		const n8n = await startFreshN8n(settings, cleanup);
		const flags = ['--no-rate-limit', '--latency', String(LATENCY_MS)];
		const { sandbox, credential } = await startSandboxFor(n8n, cleanup, flags);
		const run = async (workflow: CreateWorkflow, count: number) =>
			await runCreates(n8n, sandbox, workflow, { items: count });
		const warmUp = async (node: NodeJson) => {
			const workflow = await createWorkflow(n8n, node);
			await run(workflow, WARM_UP_ITEMS);
			return workflow;
		};
		settings.step('keys: warming up');
		const without = await warmUp(ourNode(credential));
		const rows: Row[] = [];
		for (const onRecord of sizes) {
			// Keys are a node's own, and its options are the same for all of its runs.
			const atOnce = `={{ $input.all().length > ${items} ? ${MOST_IN_FLIGHT} : ${DEFAULT_IN_FLIGHT} }}`;
			const withKeys = await warmUp(
				ourNode(credential, { maxConcurrency: atOnce }, { uniqueKey: '={{ $json.key }}' }),
			);
			for (let left = onRecord - WARM_UP_ITEMS; left > 0; left -= FILL_ITEMS) {
				settings.step(`keys: putting ${onRecord} on record, ${left} to go`);
				await run(withKeys, Math.min(left, FILL_ITEMS));
			}
			const row: Row = { onRecord, withKeys: [], without: [] };
			for (let round = 0; round < rounds; round++) {
				settings.step(`keys: ${onRecord} on record, round ${round + 1} of ${rounds}`);
				row.without.push(await run(without, items));
				row.withKeys.push(await run(withKeys, items));
			}
			rows.push(row);
		}
		return createSection(rows, items, rounds);
	});
}

const wall = (runs: CreateRun[]) => median(runs.map(({ wallSeconds }) => wallSeconds));

function createSection(rows: Row[], items: number, rounds: number): Section {
	const lines = rows.flatMap(({ onRecord, withKeys, without }) => [
		{ name: `without keys (beside ${onRecord} on record)`, runs: without, without },
		{ name: `with keys, ${onRecord} on record`, runs: withKeys, without },
	]);
	const least = (runs: CreateRun[], field: 'created' | 'reported') =>
		Math.min(...runs.map((run) => run[field]));
	return {
		title: 'Unique keys',
		text:
			`${items} invoices from one run of the node at its defaults, with a new unique key each and without one, in ` +
			`turns, medians of ${rounds} rounds; the sandbox answers after ${LATENCY_MS} ms. Keys on record are those ` +
			'that earlier executions of the same node have left.',
		tables: [
			createTable(
				[
					['Node', ({ name }) => name],
					['wall s', ({ runs }) => wall(runs).toFixed(2)],
					['÷ without', ({ runs, without }) => (wall(runs) / wall(without)).toFixed(2)],
					[
						'CPU ms/item',
						({ runs }) => (median(runs.map(({ cpuMs }) => cpuMs)) / items).toFixed(2),
					],
					['created', ({ runs }) => least(runs, 'created')],
					['reported', ({ runs }) => least(runs, 'reported')],
				],
				lines,
			),
		],
		reading: `With keys the run takes ${rows
			.map((row) => `${(wall(row.withKeys) / wall(row.without)).toFixed(2)} ×`)
			.join(', ')} the time of the same run without.`,
		targets: rows.map(({ onRecord, withKeys, without }) =>
			createRatioTarget(
				`${onRecord} on record: wall time ≤ ${MOST} × without keys`,
				wall(withKeys),
				wall(without),
				MOST,
			),
		),
	};
}
