import {
	createWorkflow,
	DEFAULT_IN_FLIGHT,
	httpRequestNode,
	ourNode,
	runCreates,
	WARM_UP_ITEMS,
	type CreateRun,
	type Load,
} from './createRun';
import { createRatioTarget, createTable, type Section, type Target } from './report';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

const LATENCY_MS = 50;
/** Requests that may be refused at most. */
const MOST_REFUSED = 0.05;

interface Limit {
	requests: number;
	seconds: number;
}

interface Scene {
	name: string;
	load: Load;
	limit: Limit;
	headers?: boolean;
	byHttpRequest?: boolean;
	/** Wall time that is at most so many times what the limit allows. */
	most?: number;
}

type Row = Scene & { run: CreateRun };

/** Creates under a rate limit that is in the way: what arrives, how long it takes, what is reported. */
export async function benchmarkLimit(settings: Settings): Promise<Section> {
	const { quick } = settings;
	const published = quick ? { requests: 100, seconds: 10 } : { requests: 1000, seconds: 60 };
	const short = quick ? { requests: 40, seconds: 2 } : { requests: 300, seconds: 5 };
	const batch = { items: quick ? 250 : 2500 };
	const many = { items: quick ? 200 : 2000, executions: 40 };
	const crowd = { items: quick ? 80 : 1000, executions: 40 };
	const name = (who: string, { items, executions = 1 }: Load) =>
		executions === 1
			? `${who}, one run of ${items}`
			: `${who}, ${executions} executions of ${items / executions} at once`;
	const ours = (load: Load, limit: Limit, more: Partial<Scene>) => ({
		...{ name: name('SafePays', load), load, limit },
		...more,
	});
	const [byMessage, byHeaders] = [false, true].map((headers) => ({ headers, most: 1.15 }));
	// Each has a sandbox of its own, so two runs that mostly wait are measured at once.
	const pairs: Scene[][] = [
		[ours(batch, published, byMessage), ours(batch, published, byHeaders)],
		[ours(many, published, byMessage)],
		[ours(many, published, byHeaders)],
		[ours(crowd, short, {})],
		[ours(crowd, short, { headers: true })],
		[{ name: name('HTTP Request', batch), load: batch, limit: published, byHttpRequest: true }],
	];
	return await using(settings, async (cleanup) => {
		const n8n = await startFreshN8n(settings, cleanup);
		const measure = async (scene: Scene): Promise<Row> => {
			const { limit, headers, byHttpRequest, load } = scene;
			const { sandbox, credential } = await startSandboxFor(n8n, cleanup, [
				'--latency',
				String(LATENCY_MS),
				'--rate-limit',
				`${limit.requests}/${limit.seconds}`,
				...(headers ? ['--rate-limit-headers'] : []),
			]);
			const node = byHttpRequest ? httpRequestNode(credential, sandbox.url) : ourNode(credential);
			const workflow = await createWorkflow(n8n, node);
			return { ...scene, run: await runCreates(n8n, sandbox, workflow, load) };
		};
		// With an account of its own: what warms up counts for no limit that is measured.
		const other = await startSandboxFor(n8n, cleanup, ['--no-rate-limit']);
		const warmUp = await createWorkflow(n8n, ourNode(other.credential));
		await runCreates(n8n, other.sandbox, warmUp, { items: WARM_UP_ITEMS });
		const rows: Row[] = [];
		for (const pair of pairs) {
			settings.step(`limit: ${pair[0].name} under ${describe(pair[0].limit)}`);
			rows.push(...(await Promise.all(pair.map(measure))));
		}
		return createSection(rows, published);
	});
}

function createSection(rows: Row[], published: Limit): Section {
	const ours = rows.filter(({ byHttpRequest }) => !byHttpRequest);
	const theirs = rows.find(({ byHttpRequest }) => byHttpRequest);
	const targets = ours.flatMap((row): Target[] => {
		const { run, load, most } = row;
		const what = `${row.name}, ${describe(row.limit)}, ${toldIn(row)}`;
		const all = [run.created, run.reported].every((count) => count === load.items);
		const refused = run.refused / run.requests;
		return [
			{
				what: `${what}: all created once and reported`,
				measured: `${run.created} created, ${run.doubled} doubled, ${run.reported} reported`,
				reached: all && run.doubled === 0,
			},
			{
				what: `${what}: refused requests < 5 %`,
				measured: percent(refused),
				reached: refused < MOST_REFUSED,
			},
			...(most === undefined
				? []
				: [
						createRatioTarget(
							`${what}: wall time ≤ ${most} × bound`,
							run.wallSeconds,
							bound(row),
							most,
						),
					]),
		];
	});
	return {
		title: 'Under a rate limit',
		text:
			`SafePays' own limit, ${describe(published)}, and a short window in which the same crowd meets the limit ` +
			`several times; the sandbox answers after ${LATENCY_MS} ms. The bound is what the limit allows: the full ` +
			`windows, and the time that the rest takes with ${DEFAULT_IN_FLIGHT} in flight. SafePays names the time to ` +
			'wait in whole seconds, rounded up: a second of a minute is little, a second of 5 is not, so the short window ' +
			"has no target for time. Today's SafePays names the limit in the message of a 429 only; earlier documentation " +
			'also promised headers. "Reported" are the items with an invoice that came out of the node: what was created ' +
			'and is not reported has to be looked for by hand.',
		tables: [
			createTable<Row>(
				[
					['Node', ({ name }) => name],
					['limit', ({ limit }) => describe(limit)],
					['told in', toldIn],
					['execution', ({ run }) => run.status],
					['wall s', ({ run }) => run.wallSeconds.toFixed(1)],
					['÷ bound', (row) => (row.run.wallSeconds / bound(row)).toFixed(2)],
					['requests', ({ run }) => run.requests],
					['refused', ({ run }) => run.refused],
					['refused %', ({ run }) => percent(run.refused / run.requests)],
					['in flight', ({ run }) => run.inFlight],
					['created', ({ run }) => run.created],
					['doubled', ({ run }) => run.doubled],
					['reported', ({ run }) => run.reported],
				],
				rows,
			),
		],
		reading:
			'The SafePays node waits and goes on, so that all is created once and comes out of the node, and forty ' +
			`executions at once are refused as rarely as one. The HTTP Request node created ${theirs?.run.created} and ` +
			`handed out ${theirs?.run.reported}.`,
		targets,
	};
}

/** The least seconds in which the limit lets all of it through. */
function bound({ load: { items }, limit: { requests, seconds } }: Scene): number {
	const fullWindows = Math.ceil(items / requests) - 1;
	const rest = items - fullWindows * requests;
	return fullWindows * seconds + (rest * LATENCY_MS) / 1000 / DEFAULT_IN_FLIGHT;
}

function describe({ requests, seconds }: Limit): string {
	return `${requests} in ${seconds} s`;
}

function toldIn({ headers }: Scene): string {
	return headers ? 'headers' : 'message';
}

function percent(share: number): string {
	return `${(share * 100).toFixed(1)} %`;
}
