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
import { median, ratioTarget, type Section } from './report';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

/** As SafePays answers, and so short that only n8n's own time counts. */
const LATENCY_MS = 200;
const SHORT_LATENCY_MS = 50;

interface Variant {
	name: string;
	node: NodeJson;
	items: number;
	latencyMs: number;
	/** Requests in flight at most, if the node has such a limit. */
	inFlight?: number;
	/** Rounds in which it takes part. */
	rounds: number;
}

type Key = 'default' | 'most' | 'http' | 'mostShort' | 'httpShort' | 'oneByOne' | 'nothing';

/** How fast invoices are created, and what that costs n8n, beside n8n's HTTP Request node. */
export async function benchmarkCreates(settings: Settings): Promise<Section> {
	const items = settings.quick ? 40 : 500;
	const rounds = settings.quick ? 1 : 5;
	return await using(settings, async (cleanup) => {
		const n8n = await startFreshN8n(settings, cleanup);
		const start = async (latencyMs: number) =>
			await startSandboxFor(n8n, cleanup, ['--no-rate-limit', '--latency', String(latencyMs)]);
		const usual = await start(LATENCY_MS);
		const short = await start(SHORT_LATENCY_MS);
		const ours = (inFlight: number, { credential } = usual) =>
			ourNode(credential, inFlight === DEFAULT_IN_FLIGHT ? {} : { maxConcurrency: inFlight });
		const http = ({ credential, sandbox } = usual) => httpRequestNode(credential, sandbox.url);
		// the long ones need fewer rounds: most of their time is waiting
		const variants: Record<Key, Variant> = {
			default: {
				name: `SafePays, ${DEFAULT_IN_FLIGHT} in flight (default)`,
				node: ours(DEFAULT_IN_FLIGHT),
				items,
				latencyMs: LATENCY_MS,
				inFlight: DEFAULT_IN_FLIGHT,
				rounds: Math.min(rounds, 3),
			},
			most: {
				name: `SafePays, ${MOST_IN_FLIGHT} in flight (the most)`,
				node: ours(MOST_IN_FLIGHT),
				items,
				latencyMs: LATENCY_MS,
				inFlight: MOST_IN_FLIGHT,
				rounds,
			},
			http: {
				name: 'HTTP Request, all at once (its default)',
				node: http(),
				items,
				latencyMs: LATENCY_MS,
				rounds,
			},
			mostShort: {
				name: `SafePays, ${MOST_IN_FLIGHT} in flight`,
				node: ours(MOST_IN_FLIGHT, short),
				items,
				latencyMs: SHORT_LATENCY_MS,
				inFlight: MOST_IN_FLIGHT,
				rounds,
			},
			httpShort: {
				name: 'HTTP Request, all at once',
				node: http(short),
				items,
				latencyMs: SHORT_LATENCY_MS,
				rounds,
			},
			oneByOne: {
				name: 'SafePays, one at a time',
				node: ours(1),
				items: items / 10,
				latencyMs: LATENCY_MS,
				inFlight: 1,
				rounds: 1,
			},
			nothing: {
				name: 'No Operation (the workflow itself)',
				node: noNode(),
				items,
				latencyMs: LATENCY_MS,
				rounds,
			},
		};
		const run = async (key: Key, count: number) => {
			const { sandbox } = variants[key].latencyMs === LATENCY_MS ? usual : short;
			return await runCreates(n8n, sandbox, workflows[key], { items: count });
		};
		const keys = Object.keys(variants) as Key[];
		const workflows = {} as Record<Key, CreateWorkflow>;
		const runs = {} as Record<Key, CreateRun[]>;
		for (const key of keys) {
			settings.step(`creates: warming up ${variants[key].name}`);
			workflows[key] = await createWorkflow(n8n, variants[key].node);
			await run(key, WARM_UP_ITEMS);
			runs[key] = [];
		}
		for (let round = 0; round < rounds; round++) {
			// to and fro, so that none always comes after the same other
			for (const key of round % 2 === 0 ? keys : [...keys].reverse()) {
				const { name, rounds: own, items: count } = variants[key];
				if (round >= own) continue;
				settings.step(`creates: ${name}, round ${round + 1} of ${own}`);
				runs[key].push(await run(key, count));
			}
		}
		return section(keys, variants, runs, items, rounds);
	});
}

function section(
	keys: Key[],
	variants: Record<Key, Variant>,
	runs: Record<Key, CreateRun[]>,
	items: number,
	rounds: number,
): Section {
	const middle = (key: Key, field: 'wallSeconds' | 'cpuMs' | 'inFlight') =>
		median(runs[key].map((run) => run[field]));
	const wall = (key: Key) => middle(key, 'wallSeconds');
	const cpuPerItem = (key: Key) => middle(key, 'cpuMs') / variants[key].items;
	const bound = ({ items: count, inFlight, latencyMs }: Variant) =>
		inFlight === undefined ? undefined : (count * latencyMs) / 1000 / inFlight;
	const httpBeside = (key: Key) => (variants[key].latencyMs === LATENCY_MS ? 'http' : 'httpShort');

	const rows = keys.map((key) => {
		const variant = variants[key];
		const least = bound(variant);
		const sum = (field: 'requests' | 'refused' | 'created' | 'doubled' | 'reported') =>
			String(Math.round(runs[key].reduce((all, run) => all + run[field], 0) / runs[key].length));
		return [
			variant.name,
			String(variant.latencyMs),
			String(variant.items),
			String(runs[key].length),
			wall(key).toFixed(2),
			least === undefined ? '' : least.toFixed(2),
			least === undefined ? '' : (wall(key) / least).toFixed(2),
			(wall(key) / variant.items / (wall(httpBeside(key)) / items)).toFixed(2),
			cpuPerItem(key).toFixed(2),
			(cpuPerItem(key) / cpuPerItem(httpBeside(key))).toFixed(2),
			String(middle(key, 'inFlight')),
			sum('requests'),
			sum('created'),
			sum('doubled'),
			sum('reported'),
		];
	});
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
		tables: [
			{
				heading: [
					'Node',
					'latency ms',
					'items',
					'rounds',
					'wall s',
					'bound s',
					'÷ bound',
					'wall ÷ HTTP',
					'CPU ms/item',
					'CPU ÷ HTTP',
					'in flight',
					'requests',
					'created',
					'doubled',
					'reported',
				],
				rows,
			},
		],
		reading:
			`With ${DEFAULT_IN_FLIGHT} in flight, ${items} invoices take ${wall('default').toFixed(1)} s; with ${MOST_IN_FLIGHT}, ` +
			`${wall('most').toFixed(1)} s; the HTTP Request node takes ${wall('http').toFixed(1)} s with as many in flight as ` +
			`it comes to. The SafePays node uses ${cpuPerItem('most').toFixed(1)} ms of CPU for an invoice where the HTTP ` +
			`Request node uses ${cpuPerItem('http').toFixed(1)} ms: it reads and decrypts the credential once for all items ` +
			'and not for each, and evaluates no parameter for each item that is the same for all.',
		targets: [
			ratioTarget(
				`${DEFAULT_IN_FLIGHT} in flight: wall time ≤ 1.15 × bound`,
				wall('default'),
				bound(variants.default) ?? NaN,
				1.15,
				validating,
			),
			...(['most', 'mostShort'] as const).flatMap((key) => [
				ratioTarget(
					`${MOST_IN_FLIGHT} in flight, ${variants[key].latencyMs} ms: wall time ≤ the HTTP Request node's`,
					wall(key),
					wall(httpBeside(key)),
					1,
					validating,
				),
				ratioTarget(
					`${MOST_IN_FLIGHT} in flight, ${variants[key].latencyMs} ms: CPU for an item ≤ the HTTP Request node's`,
					cpuPerItem(key),
					cpuPerItem(httpBeside(key)),
					1,
				),
			]),
			ratioTarget(
				`${DEFAULT_IN_FLIGHT} in flight: CPU for an item ≤ the HTTP Request node's`,
				cpuPerItem('default'),
				cpuPerItem('http'),
				1,
			),
		],
	};
}
