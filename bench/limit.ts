import type { NodeJson } from '../e2e/harness/workflow';
import {
	createWorkflow,
	DEFAULT_IN_FLIGHT,
	httpRequestNode,
	ourNode,
	runCreates,
	WARM_UP_ITEMS,
	type CreateRun,
} from './createRun';
import { ratioTarget, type Section, type Target } from './report';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

const LATENCY_MS = 50;

interface Limit {
	items: number;
	requests: number;
	seconds: number;
}

interface Row {
	name: string;
	run: CreateRun;
}

/** Creates under a rate limit that is in the way: what arrives, how long it takes, what is reported. */
export async function benchmarkLimit(settings: Settings): Promise<Section> {
	const limit: Limit = settings.quick
		? { items: 100, requests: 40, seconds: 2 }
		: { items: 1000, requests: 300, seconds: 5 };
	return await using(settings, async (cleanup) => {
		const n8n = await startFreshN8n(settings, cleanup);
		const flags = [
			'--latency',
			String(LATENCY_MS),
			'--rate-limit',
			`${limit.requests}/${limit.seconds}`,
		];
		const plain = await startSandboxFor(n8n, cleanup, flags);
		const withHeaders = await startSandboxFor(n8n, cleanup, [...flags, '--rate-limit-headers']);
		const measure = async (
			name: string,
			{ sandbox }: typeof plain,
			node: NodeJson,
		): Promise<Row> => {
			settings.step(`limit: ${name}`);
			const workflow = await createWorkflow(n8n, node);
			await runCreates(n8n, sandbox, workflow, WARM_UP_ITEMS);
			return { name, run: await runCreates(n8n, sandbox, workflow, limit.items) };
		};
		const perSecond = Math.floor((limit.requests / limit.seconds) * 0.8);
		const batching = { batch: { batchSize: perSecond, batchInterval: 1000 } };
		const ours = [
			await measure('SafePays, limit told in the message only', plain, ourNode(plain.credential)),
			await measure('SafePays, limit told in headers', withHeaders, ourNode(withHeaders.credential)),
		];
		const theirs = [
			await measure(
				'HTTP Request, all at once (its default)',
				plain,
				httpRequestNode(plain.credential, plain.sandbox.url),
			),
			await measure(
				`HTTP Request, ${perSecond} a second by its batching`,
				plain,
				httpRequestNode(plain.credential, plain.sandbox.url, { batching }),
			),
		];
		return section(limit, ours, theirs);
	});
}

function section(limit: Limit, ours: Row[], theirs: Row[]): Section {
	const fullWindows = Math.ceil(limit.items / limit.requests) - 1;
	const rest = limit.items - fullWindows * limit.requests;
	const lastSeconds = (rest * LATENCY_MS) / 1000 / DEFAULT_IN_FLIGHT;
	const bound = fullWindows * limit.seconds + lastSeconds;
	const targets = ours.flatMap(({ name, run }): Target[] => [
		{
			what: `${name}: all created once and reported`,
			measured: `${run.created} created, ${run.doubled} doubled, ${run.reported} reported`,
			reached:
				run.created === limit.items && run.doubled === 0 && run.reported === limit.items,
		},
		ratioTarget(
			`${name}: wall time ≤ 1.15 × bound`,
			run.wallSeconds,
			bound,
			1.15,
			'SafePays names the time to wait in whole seconds, rounded up, so each window may be left unused for up to a second.',
		),
		{
			what: `${name}: refused requests < 5 %`,
			measured: percent(run.refused / run.requests),
			reached: run.refused / run.requests < 0.05,
			otherwise: 'Each window ends with the refusal of every request that was on its way just then.',
		},
	]);
	return {
		title: 'Under a rate limit',
		text:
			`${limit.items} invoices while the sandbox takes ${limit.requests} requests in ${limit.seconds} seconds and ` +
			`answers after ${LATENCY_MS} ms. The limit allows that in ${bound.toFixed(1)} s (the bound): ` +
			`${fullWindows} full windows, and the time that the last ${rest} take with ${DEFAULT_IN_FLIGHT} in flight. ` +
			"Today's SafePays names the limit in the message of a 429 only; earlier documentation also promised headers. " +
			'"Reported" are the items with an invoice that came out of the node: what was created and is not reported ' +
			'has to be looked for by hand.',
		tables: [
			{
				heading: [
					'Node',
					'execution',
					'wall s',
					'÷ bound',
					'requests',
					'refused',
					'refused %',
					'created',
					'doubled',
					'reported',
				],
				rows: [...ours, ...theirs].map(({ name, run }) => [
					name,
					run.status,
					run.wallSeconds.toFixed(1),
					(run.wallSeconds / bound).toFixed(2),
					String(run.requests),
					String(run.refused),
					percent(run.refused / run.requests),
					String(run.created),
					String(run.doubled),
					String(run.reported),
				]),
			},
		],
		reading:
			'The SafePays node waits and goes on, so that all is created once and comes out of the node. The HTTP Request ' +
			`node at its default created ${theirs[0].run.created} and handed out ${theirs[0].run.reported}; it comes through ` +
			'only if its batching is set by somebody who knows the limit, and nobody else uses it up.',
		targets,
	};
}

function percent(share: number): string {
	return `${(share * 100).toFixed(1)} %`;
}
