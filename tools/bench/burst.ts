import { installFloorNode } from './floorNode';
import { paidInvoices, sendBurst, sendNotifications, type NotificationRun } from './notifications';
import { createReceivers, type ReceiverName } from './receivers';
import { median, ratioTarget, type Section } from './report';
import { RECEIVER_NAMES } from './webhooks';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

const LATENCY_MS = 200;
const WARM_UP = 16;

type Runs = Record<ReceiverName, NotificationRun>;

/** How n8n's expression engine is set, and how much longer than the guard built by hand ours may take with it. */
const ENGINES = [
	{ name: "n8n's defaults", env: {}, atMost: 2 },
	{
		name: '`N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true`',
		env: { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' },
		atMost: 1.1,
	},
];

/** Many genuine notifications in one moment: what is turned away, and how long a sender waits. */
export async function benchmarkBurst(settings: Settings): Promise<Section> {
	const count = settings.quick ? 30 : 300;
	const runs: Runs[] = [];
	for (const { name, env } of ENGINES) runs.push(await measure(settings, count, name, env));
	return section(runs, count);
}

async function measure(
	settings: Settings,
	count: number,
	engine: string,
	env: NodeJS.ProcessEnv,
): Promise<Runs> {
	return await using(settings, async (cleanup) => {
		const n8n = await startFreshN8n(settings, cleanup, { env, prepare: installFloorNode });
		const flags = ['--no-rate-limit', '--latency', String(LATENCY_MS)];
		const { sandbox, credential } = await startSandboxFor(n8n, cleanup, flags);
		const receivers = await createReceivers(n8n, credential, sandbox.url);
		const names = Object.keys(RECEIVER_NAMES) as ReceiverName[];
		// what comes first finds n8n's code cold
		for (const name of names)
			await sendNotifications(n8n, receivers[name], await paidInvoices(sandbox, WARM_UP));
		const runs = {} as Runs;
		for (const name of names) {
			settings.step(`burst: ${RECEIVER_NAMES[name]} with ${engine}`);
			const ids = await paidInvoices(sandbox, count);
			runs[name] = await sendBurst(n8n, receivers[name], ids);
		}
		return runs;
	});
}

function section(runs: Runs[], count: number): Section {
	const slowest = ({ answerMs }: NotificationRun) => (answerMs.at(-1) ?? NaN) / 1000;
	const executions =
		'the executions that the first notifications start take the CPU that the last ones wait for, and each asks ' +
		"n8n's database whether another n8n process has had its event, which the guard built by hand does not.";
	const [withDefaults] = runs;
	return {
		title: 'A burst of notifications',
		text:
			`${count} genuine notifications in one moment, each of another paid invoice, to an active workflow with one ` +
			`node behind the trigger; the sandbox answers after ${LATENCY_MS} ms. A sender waits for n8n to come to its ` +
			"call, which needs some 50 ms of CPU for each, and for the receiver's answer. The floor is a community " +
			'trigger that does nothing but one authenticated GET.',
		tables: ENGINES.map(({ name }, index) => ({
			caption: `With ${name}:`,
			...table(runs[index]),
		})),
		reading:
			`The last sender waits ${slowest(withDefaults.ours).toFixed(1)} s for the SafePays Trigger's answer, ` +
			`${slowest(withDefaults.floor).toFixed(1)} s for that of the floor, and ${slowest(withDefaults.byHand).toFixed(1)} s ` +
			'for that of the guard built by hand, which answers before it asks.',
		targets: ENGINES.flatMap(({ name, atMost }, index) => {
			const { ours, byHand } = runs[index];
			return [
				{
					what: `none is turned away, and each leaves one execution, with ${name}`,
					measured: `${ours.answers['200'] ?? 0} of ${count} answered 200, ${ours.executions} executions`,
					reached: ours.answers['200'] === count && ours.executions === count,
				},
				ratioTarget(
					`all done ≤ ${atMost} × by hand, with ${name}`,
					ours.seconds,
					byHand.seconds,
					atMost,
					executions,
				),
			];
		}),
	};
}

function table(runs: Runs): { heading: string[]; rows: string[][] } {
	return {
		heading: [
			'Receiver',
			'sent',
			'answers',
			'middle answer s',
			'slowest answer s',
			'all done s',
			'CPU ms each',
			'executions',
		],
		rows: (Object.keys(runs) as ReceiverName[]).map((name) => [
			RECEIVER_NAMES[name],
			String(runs[name].notifications),
			Object.entries(runs[name].answers)
				.map(([status, times]) => `${times} × ${status}`)
				.join(', '),
			(median(runs[name].answerMs) / 1000).toFixed(1),
			((runs[name].answerMs.at(-1) ?? NaN) / 1000).toFixed(1),
			runs[name].seconds.toFixed(1),
			(runs[name].cpuMs / runs[name].notifications).toFixed(0),
			String(runs[name].executions),
		]),
	};
}
