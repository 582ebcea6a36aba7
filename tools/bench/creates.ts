import type { NodeJson } from '../harness/workflow';
import {
	createWorkflow,
	DEFAULT_IN_FLIGHT,
	httpRequestNode,
	MOST_IN_FLIGHT,
	noNode,
	ourNode,
	runCreates,
	WARM_UP_ITEMS,
	type CreateRun,
	type CreateWorkflow,
} from './createRun';
import { createRatioTarget, createTable, median, type Columns, type Section } from './report';
import type { SandboxProcess } from './sandboxProcess';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

/** As SafePays answers, and so short that only n8n's own time counts. */
const LATENCY_MS = 200;
const SHORT_LATENCY_MS = 50;

interface At {
	latencyMs: number;
	sandbox: SandboxProcess;
	credential: string;
}

interface Row {
	name: string;
	at: At;
	/** The HTTP Request node at the same sandbox. */
	http?: Row;
	items: number;
	/** Requests in flight at most, if the node has such a limit. */
	inFlight?: number;
	/** Rounds in which it takes part. */
	rounds: number;
	workflow: CreateWorkflow;
	runs: CreateRun[];
}

const middle = ({ runs }: Row, field: 'wallSeconds' | 'cpuMs' | 'inFlight') =>
	median(runs.map((run) => run[field]));
const wall = (row: Row) => middle(row, 'wallSeconds');
const cpuPerItem = (row: Row) => middle(row, 'cpuMs') / row.items;
const bound = ({ items, inFlight, at }: Row) =>
	inFlight === undefined ? NaN : (items * at.latencyMs) / 1000 / inFlight;
const mean = ({ runs }: Row, field: 'requests' | 'created' | 'doubled' | 'reported') =>
	Math.round(runs.reduce((all, run) => all + run[field], 0) / runs.length);
const unlessNone = (figure: number) => (Number.isNaN(figure) ? '' : figure.toFixed(2));
const besideHttp = (row: Row, measure: (of: Row) => number) =>
	(measure(row) / measure(row.http ?? row)).toFixed(2);

const COLUMNS: Columns<Row> = [
	['Node', ({ name }) => name],
	['latency ms', ({ at }) => at.latencyMs],
	['items', ({ items }) => items],
	['rounds', ({ runs }) => runs.length],
	['wall s', (row) => wall(row).toFixed(2)],
	['bound s', (row) => unlessNone(bound(row))],
	['÷ bound', (row) => unlessNone(wall(row) / bound(row))],
	['wall ÷ HTTP', (row) => besideHttp(row, (of) => wall(of) / of.items)],
	['CPU ms/item', (row) => cpuPerItem(row).toFixed(2)],
	['CPU ÷ HTTP', (row) => besideHttp(row, cpuPerItem)],
	['in flight', (row) => middle(row, 'inFlight')],
	['requests', (row) => mean(row, 'requests')],
	['created', (row) => mean(row, 'created')],
	['doubled', (row) => mean(row, 'doubled')],
	['reported', (row) => mean(row, 'reported')],
];

/** How fast invoices are created, and what that costs n8n, beside n8n's HTTP Request node. */
export async function benchmarkCreates(settings: Settings): Promise<Section> {
	const items = settings.quick ? 40 : 500;
	const rounds = settings.quick ? 1 : 5;
	return await using(settings, async (cleanup) => {
		const n8n = await startFreshN8n(settings, cleanup);
		const start = async (latencyMs: number): Promise<At> => {
			const flags = ['--no-rate-limit', '--latency', String(latencyMs)];
			return { latencyMs, ...(await startSandboxFor(n8n, cleanup, flags)) };
		};
		const usual = await start(LATENCY_MS);
		const short = await start(SHORT_LATENCY_MS);
		const run = async ({ at, workflow }: Row, count: number) =>
			await runCreates(n8n, at.sandbox, workflow, { items: count });
		const prepare = async (name: string, at: At, node: NodeJson, more: Partial<Row> = {}) => {
			settings.step(`creates: warming up ${name}`);
			const workflow = await createWorkflow(n8n, node);
			const row: Row = { name, at, items, rounds, workflow, runs: [], ...more };
			await run(row, WARM_UP_ITEMS);
			return row;
		};
		const prepareHttp = async (name: string, at: At) =>
			await prepare(name, at, httpRequestNode(at.credential, at.sandbox.url));
		const prepareOurs = async (name: string, inFlight: number, http: Row, more = {}) => {
			const node = ourNode(http.at.credential, { maxConcurrency: inFlight });
			return await prepare(name, http.at, node, { http, inFlight, ...more });
		};

		const http = await prepareHttp('HTTP Request, all at once (its default)', usual);
		const httpShort = await prepareHttp('HTTP Request, all at once', short);
		// the long ones need fewer rounds: most of their time is waiting
		const byDefault = await prepareOurs(
			`SafePays, ${DEFAULT_IN_FLIGHT} in flight (default)`,
			DEFAULT_IN_FLIGHT,
			http,
			{ rounds: Math.min(rounds, 3) },
		);
		const most = await prepareOurs(
			`SafePays, ${MOST_IN_FLIGHT} in flight (the most)`,
			MOST_IN_FLIGHT,
			http,
		);
		const mostShort = await prepareOurs(
			`SafePays, ${MOST_IN_FLIGHT} in flight`,
			MOST_IN_FLIGHT,
			httpShort,
		);
		const oneByOne = await prepareOurs('SafePays, one at a time', 1, http, {
			items: items / 10,
			rounds: 1,
		});
		const nothing = await prepare('No Operation (the workflow itself)', usual, noNode(), { http });

		const rows = [byDefault, most, http, mostShort, httpShort, oneByOne, nothing];
		for (let round = 0; round < rounds; round++) {
			// to and fro, so that none always comes after the same other
			for (const row of round % 2 === 0 ? rows : rows.toReversed()) {
				if (round >= row.rounds) continue;
				settings.step(`creates: ${row.name}, round ${round + 1} of ${row.rounds}`);
				row.runs.push(await run(row, row.items));
			}
		}
		const validating =
			'The node validates all items before it sends the first request, so that bad input costs nothing; ' +
			"n8n's isolated expression engine takes about half a millisecond for each expression of an item. " +
			'The HTTP Request node does that while its first requests are in flight already.';
		return {
			title: 'Creating invoices',
			text:
				`${items} invoices with an e-mail address and an amount, both expressions, from one run of a node in a ` +
				'workflow that a webhook has started. "Latency" is the time after which the sandbox answers. Medians of up to ' +
				`${rounds} rounds, in which the rows took turns; the row "one at a time" has a tenth of the items, so its ` +
				'time for all of them is ten times as long. "Bound" is items × latency ÷ in flight, the least that is ' +
				'possible; "HTTP" columns divide by the HTTP Request node at its default, for each item. Wall time is that ' +
				'of the whole execution; CPU is all that n8n used until the execution was saved.',
			tables: [createTable(COLUMNS, rows)],
			reading:
				`With ${DEFAULT_IN_FLIGHT} in flight, ${items} invoices take ${wall(byDefault).toFixed(1)} s; with ${MOST_IN_FLIGHT}, ` +
				`${wall(most).toFixed(1)} s; the HTTP Request node takes ${wall(http).toFixed(1)} s with as many in flight as ` +
				`it comes to. The SafePays node uses ${cpuPerItem(most).toFixed(1)} ms of CPU for an invoice where the HTTP ` +
				`Request node uses ${cpuPerItem(http).toFixed(1)} ms: it reads and decrypts the credential once for all items ` +
				'and not for each, and evaluates no parameter for each item that is the same for all.',
			targets: [
				createRatioTarget(
					`${DEFAULT_IN_FLIGHT} in flight: wall time ≤ 1.15 × bound`,
					wall(byDefault),
					bound(byDefault),
					1.15,
					validating,
				),
				...[most, mostShort].map((row) =>
					createRatioTarget(
						`${MOST_IN_FLIGHT} in flight, ${row.at.latencyMs} ms: wall time ≤ the HTTP Request node's`,
						wall(row),
						wall(row.http ?? row),
						1,
						validating,
					),
				),
				...[most, mostShort, byDefault].map((row) =>
					createRatioTarget(
						`${row.inFlight} in flight, ${row.at.latencyMs} ms: CPU for an item ≤ the HTTP Request node's`,
						cpuPerItem(row),
						cpuPerItem(row.http ?? row),
						1,
					),
				),
			],
		};
	});
}
