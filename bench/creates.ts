import type { NodeJson } from '../e2e/harness/workflow';
import {
	createWorkflow,
	DEFAULT_IN_FLIGHT,
	httpRequestNode,
	noNode,
	ourNode,
	runCreates,
	WARM_UP_ITEMS,
	type CreateRun,
	type CreateWorkflow,
} from './createRun';
import { median, ratioTarget, type Section } from './report';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

const LATENCY_MS = 200;

interface Variant {
	name: string;
	node: NodeJson;
	items: number;
	/** Requests in flight at most, if the node has such a limit. */
	inFlight?: number;
	/** Rounds in which it takes part. */
	rounds: number;
}

type Key = 'default' | 'at64' | 'at100' | 'oneByOne' | 'http' | 'httpBatched' | 'nothing';

/** How fast invoices are created, and what that costs n8n, beside n8n's HTTP Request node. */
export async function benchmarkCreates(settings: Settings): Promise<Section> {
	const items = settings.quick ? 40 : 500;
	const rounds = settings.quick ? 1 : 5;
	return await using(settings, async (cleanup) => {
		const n8n = await startFreshN8n(settings, cleanup);
		const flags = ['--no-rate-limit', '--latency', String(LATENCY_MS)];
		const { sandbox, credential } = await startSandboxFor(n8n, cleanup, flags);
		const atMost = (maxConcurrency: number) => ourNode(credential, { maxConcurrency });
		const batch = { batching: { batch: { batchSize: DEFAULT_IN_FLIGHT, batchInterval: LATENCY_MS } } };
		// the long ones need fewer rounds: most of their time is waiting
		const variants: Record<Key, Variant> = {
			default: {
				name: 'SafePays, 10 in flight (default)',
				node: ourNode(credential),
				items,
				inFlight: DEFAULT_IN_FLIGHT,
				rounds: Math.min(rounds, 3),
			},
			at64: { name: 'SafePays, 64 in flight', node: atMost(64), items, inFlight: 64, rounds },
			http: {
				name: 'HTTP Request, all at once (its default)',
				node: httpRequestNode(credential, sandbox.url),
				items,
				rounds,
			},
			at100: { name: 'SafePays, 100 in flight (the most)', node: atMost(100), items, inFlight: 100, rounds },
			httpBatched: {
				name: `HTTP Request, ${DEFAULT_IN_FLIGHT} every ${LATENCY_MS} ms`,
				node: httpRequestNode(credential, sandbox.url, batch),
				items,
				rounds: 1,
			},
			oneByOne: {
				name: 'SafePays, one at a time',
				node: atMost(1),
				items: items / 10,
				inFlight: 1,
				rounds: 1,
			},
			nothing: { name: 'No Operation (the workflow itself)', node: noNode(), items, rounds },
		};
		const keys = Object.keys(variants) as Key[];
		const workflows = {} as Record<Key, CreateWorkflow>;
		const runs = {} as Record<Key, CreateRun[]>;
		for (const key of keys) {
			settings.step(`creates: warming up ${variants[key].name}`);
			workflows[key] = await createWorkflow(n8n, variants[key].node);
			await runCreates(n8n, sandbox, workflows[key], WARM_UP_ITEMS);
			runs[key] = [];
		}
		for (let round = 0; round < rounds; round++) {
			// to and fro, so that none always comes after the same other
			for (const key of round % 2 === 0 ? keys : [...keys].reverse()) {
				const { name, rounds: own, items: count } = variants[key];
				if (round >= own) continue;
				settings.step(`creates: ${name}, round ${round + 1} of ${own}`);
				runs[key].push(await runCreates(n8n, sandbox, workflows[key], count));
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
	const bound = ({ items: count, inFlight }: Variant) =>
		inFlight === undefined ? undefined : (count * LATENCY_MS) / 1000 / inFlight;

	const rows = keys.map((key) => {
		const variant = variants[key];
		const least = bound(variant);
		const sum = (field: 'requests' | 'refused' | 'created' | 'doubled' | 'reported') =>
			String(Math.round(runs[key].reduce((all, run) => all + run[field], 0) / runs[key].length));
		return [
			variant.name,
			String(variant.items),
			String(runs[key].length),
			wall(key).toFixed(2),
			least === undefined ? '' : least.toFixed(2),
			least === undefined ? '' : (wall(key) / least).toFixed(2),
			(wall(key) / variant.items / (wall('http') / items)).toFixed(2),
			cpuPerItem(key).toFixed(2),
			(cpuPerItem(key) / cpuPerItem('http')).toFixed(2),
			String(middle(key, 'inFlight')),
			sum('requests'),
			sum('created'),
			sum('doubled'),
			sum('reported'),
		];
	});
	const judging =
		'The node judges all items before it sends the first request, so that bad input costs nothing; ' +
		"n8n's isolated expression engine takes about half a millisecond for each expression of an item. " +
		'The HTTP Request node does that while its first requests are on their way already, and has no limit of 64.';
	return {
		title: 'Creating invoices',
		text:
			`${items} invoices with an e-mail address and an amount, both expressions, from one run of a node in a ` +
			`workflow that a webhook has started. The sandbox answers after ${LATENCY_MS} ms. Medians of up to ` +
			`${rounds} rounds, in which the rows took turns; the row "one at a time" has a tenth of the items, so its ` +
			'time for all of them is ten times as long. "Bound" is items × latency ÷ in flight, the least that is ' +
			'possible; "HTTP" columns divide by the HTTP Request node at its default, for each item. Wall time is that ' +
			'of the whole execution; CPU is all that n8n used until the execution was saved.',
		tables: [
			{
				heading: [
					'Node',
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
			`With 10 in flight, ${items} invoices take ${wall('default').toFixed(1)} s; with 64, ${wall('at64').toFixed(1)} s; ` +
			`the HTTP Request node takes ${wall('http').toFixed(1)} s with as many in flight as it comes to. The SafePays node ` +
			`uses ${cpuPerItem('at64').toFixed(1)} ms of CPU for an invoice where the HTTP Request node uses ` +
			`${cpuPerItem('http').toFixed(1)} ms: it reads and decrypts the credential once for all items and not for each, ` +
			'and asks n8n for fewer parameters.',
		targets: [
			ratioTarget(
				'10 in flight: wall time ≤ 1.15 × bound',
				wall('default'),
				bound(variants.default) ?? NaN,
				1.15,
				judging,
			),
			ratioTarget(
				"64 in flight: wall time ≤ the HTTP Request node's",
				wall('at64'),
				wall('http'),
				1,
				judging,
			),
			ratioTarget(
				"64 in flight: CPU for an item ≤ the HTTP Request node's",
				cpuPerItem('at64'),
				cpuPerItem('http'),
				1,
			),
			ratioTarget(
				"10 in flight: CPU for an item ≤ the HTTP Request node's",
				cpuPerItem('default'),
				cpuPerItem('http'),
				1,
			),
		],
	};
}
