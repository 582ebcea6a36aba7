import { installFloorNode } from './floorNode';
import {
	createPaidInvoices,
	describeAnswers,
	ENGINES,
	measureCpuEach,
	sendBurst,
	sendNotifications,
	WARM_UP,
	type NotificationRun,
} from './notifications';
import { createReceivers, RECEIVER_NAMES, RECEIVERS, type ReceiverName } from './receivers';
import { createRatioTarget, createTable, median, type Columns, type Section } from './report';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

const LATENCY_MS = 200;

/** With each engine, how much longer than the guard built by hand ours may take. */
const AT_MOST = [2, 1.1];

type Runs = Record<ReceiverName, NotificationRun>;
type Row = [ReceiverName, NotificationRun];

const slowest = ({ answerMs }: NotificationRun) => ((answerMs.at(-1) ?? NaN) / 1000).toFixed(1);

const COLUMNS: Columns<Row> = [
	['Receiver', ([name]) => RECEIVER_NAMES[name]],
	['sent', ([, run]) => run.notifications],
	['answers', ([, run]) => describeAnswers(run)],
	['middle answer s', ([, run]) => (median(run.answerMs) / 1000).toFixed(1)],
	['slowest answer s', ([, run]) => slowest(run)],
	['all done s', ([, run]) => run.seconds.toFixed(1)],
	['CPU ms each', ([, run]) => measureCpuEach(run).toFixed(0)],
	['executions', ([, run]) => run.executions],
];

/** Many genuine notifications in one moment: what is turned away, and how long a sender waits. */
export async function benchmarkBurst(settings: Settings): Promise<Section> {
	const count = settings.quick ? 30 : 300;
	const all: Runs[] = [];
	for (const engine of ENGINES) all.push(await measure(settings, count, engine));
	const executions =
		'the executions that the first notifications start take the CPU that the last ones wait for, and each asks ' +
		"n8n's database whether another n8n process has had its event, which the guard built by hand does not.";
	const [{ ours, floor, byHand }] = all;
	return {
		title: 'A burst of notifications',
		text:
			`${count} genuine notifications in one moment, each of another paid invoice, to an active workflow with one ` +
			`node behind the trigger; the sandbox answers after ${LATENCY_MS} ms. A sender waits for n8n to come to its ` +
			"call, which needs some 50 ms of CPU for each, and for the receiver's answer. The floor is a community " +
			'trigger that does nothing but one authenticated GET.',
		tables: ENGINES.map(({ name }, index) => {
			const rows = RECEIVERS.map((receiver): Row => [receiver, all[index][receiver]]);
			return `With ${name}:\n\n${createTable(COLUMNS, rows)}`;
		}),
		reading:
			`The last sender waits ${slowest(ours)} s for the SafePays Trigger's answer, ${slowest(floor)} s for that of the ` +
			`floor, and ${slowest(byHand)} s for that of the guard built by hand, which answers before it asks.`,
		targets: ENGINES.flatMap(({ name }, index) => {
			const { ours: run, byHand: reference } = all[index];
			return [
				{
					what: `none is turned away, and each leaves one execution, with ${name}`,
					measured: `${run.answers['200'] ?? 0} of ${count} answered 200, ${run.executions} executions`,
					reached: run.answers['200'] === count && run.executions === count,
				},
				createRatioTarget(
					`all done ≤ ${AT_MOST[index]} × by hand, with ${name}`,
					run.seconds,
					reference.seconds,
					AT_MOST[index],
					executions,
				),
			];
		}),
	};
}

async function measure(
	settings: Settings,
	count: number,
	{ name: engine, env }: (typeof ENGINES)[number],
): Promise<Runs> {
	return await using(settings, async (cleanup) => {
		const n8n = await startFreshN8n(settings, cleanup, { env, prepare: installFloorNode });
		const flags = ['--no-rate-limit', '--latency', String(LATENCY_MS)];
		const { sandbox, credential } = await startSandboxFor(n8n, cleanup, flags);
		const receivers = await createReceivers(n8n, credential, sandbox.url);
		for (const name of RECEIVERS)
			await sendNotifications(n8n, receivers[name], await createPaidInvoices(sandbox, WARM_UP));
		const runs = {} as Runs;
		for (const name of RECEIVERS) {
			settings.step(`burst: ${RECEIVER_NAMES[name]} with ${engine}`);
			const ids = await createPaidInvoices(sandbox, count);
			runs[name] = await sendBurst(n8n, receivers[name], ids);
		}
		return runs;
	});
}
