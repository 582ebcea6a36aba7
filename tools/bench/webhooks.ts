import { installFloorNode } from './floorNode';
import {
	createPaidInvoices,
	describeAnswers,
	ENGINES,
	madeUpIds,
	measureCpuEach,
	SENDERS,
	sendNotifications,
	WARM_UP,
	type NotificationKind,
	type NotificationRun,
} from './notifications';
import { createReceivers, RECEIVER_NAMES, RECEIVERS, type ReceiverName } from './receivers';
import { createRatioTarget, createTable, type Columns, type Section, type Target } from './report';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

/** What is answered without asking SafePays or starting the workflow has to cost this share of the floor at most. */
const WELL_UNDER = 0.7;

type Runs = Record<ReceiverName, Partial<Record<NotificationKind, NotificationRun>>>;

/** What a notification costs n8n, beside a trigger that does next to nothing and a guard built by hand. */
export async function benchmarkWebhooks(settings: Settings): Promise<Section> {
	const rounds = settings.quick ? 1 : 2;
	const [defaults, lazy] = ENGINES;
	const withDefaults = await measure(settings, defaults, settings.quick ? 8 : 48, rounds);
	const withLazy = await measure(settings, lazy, settings.quick ? 8 : 80, rounds);
	return {
		title: 'Receiving notifications',
		text:
			`Notifications from ${SENDERS} senders at once to an active workflow with one node behind the trigger, ` +
			`${rounds} rounds in which the receivers took turns. Genuine: each of another invoice that is paid. ` +
			'Duplicate: the same once more. Forged: of an invoice that SafePays does not know. (A forgery that names a ' +
			'real, unpaid invoice is asked for again over some seconds before it is turned away with 409, which costs ' +
			'time and no more CPU than a few requests.) Malformed: without an invoice ID. The floor is a community ' +
			'trigger that does nothing but one authenticated GET and then starts the workflow, whatever the answer. ' +
			'The rate counts until the last execution has ended; CPU is all that n8n used, executions included.',
		tables: [
			`With ${defaults.name}:\n\n${tabulate(withDefaults)}`,
			`With ${lazy.name}:\n\n${tabulate(withLazy)}`,
		],
		reading:
			'What the trigger turns away, it turns away without an execution; the guard built by hand and the floor store ' +
			`one for each, forged or not. A genuine notification costs ${cpuEach(withDefaults.ours.genuine).toFixed(0)} ms of ` +
			"CPU with n8n's defaults, nearly all of it for the isolates in which n8n evaluates expressions, and " +
			`${cpuEach(withLazy.ours.genuine).toFixed(0)} ms if n8n makes these only when they are needed.`,
		targets: [
			...targets(withDefaults, defaults.name),
			...targets(withLazy, lazy.name),
			createRatioTarget(
				`genuine ≤ 1.1 × by hand in CPU, with ${lazy.name}`,
				cpuEach(withLazy.ours.genuine),
				cpuEach(withLazy.byHand.genuine),
				1.1,
			),
		],
	};
}

async function measure(
	settings: Settings,
	engine: (typeof ENGINES)[number],
	count: number,
	rounds: number,
): Promise<Runs> {
	return await using(settings, async (cleanup) => {
		const { env } = engine;
		const n8n = await startFreshN8n(settings, cleanup, { env, prepare: installFloorNode });
		const { sandbox, credential } = await startSandboxFor(n8n, cleanup, ['--no-rate-limit']);
		const receivers = await createReceivers(n8n, credential, sandbox.url);
		const runs: Runs = { ours: {}, floor: {}, byHand: {} };
		for (const name of RECEIVERS) {
			settings.step(`webhooks: warming up ${RECEIVER_NAMES[name]}`);
			await sendNotifications(n8n, receivers[name], await createPaidInvoices(sandbox, WARM_UP));
		}
		for (let round = 0; round < rounds; round++) {
			for (const name of round % 2 === 0 ? RECEIVERS : RECEIVERS.toReversed()) {
				const paid = await createPaidInvoices(sandbox, count);
				const ids: Partial<Record<NotificationKind, string[]>> = {
					genuine: paid,
					duplicate: paid,
					forged: madeUpIds('forged', count),
					// the others take these for an ID like any other
					...(name === 'ours' && { malformed: madeUpIds('malformed', count) }),
				};
				for (const [kind, list] of Object.entries(ids) as Array<[NotificationKind, string[]]>) {
					settings.step(`webhooks: ${kind} to ${RECEIVER_NAMES[name]} with ${engine.name}`);
					const run = await sendNotifications(n8n, receivers[name], list);
					runs[name][kind] = add(runs[name][kind], run);
				}
			}
		}
		return runs;
	});
}

function add(earlier: NotificationRun | undefined, run: NotificationRun): NotificationRun {
	if (!earlier) return run;
	const answers = { ...earlier.answers };
	for (const [status, times] of Object.entries(run.answers))
		answers[status] = (answers[status] ?? 0) + times;
	return {
		notifications: earlier.notifications + run.notifications,
		seconds: earlier.seconds + run.seconds,
		cpuMs: earlier.cpuMs + run.cpuMs,
		answers,
		answerMs: [...earlier.answerMs, ...run.answerMs].sort((a, b) => a - b),
		executions: earlier.executions + run.executions,
	};
}

const cpuEach = (run: NotificationRun | undefined) => (run ? measureCpuEach(run) : NaN);

function tabulate(runs: Runs): string {
	const columns: Columns<{ name: string; run: NotificationRun }> = [
		['Receiver, notification', ({ name }) => name],
		['sent', ({ run }) => run.notifications],
		['a second', ({ run }) => (run.notifications / run.seconds).toFixed(1)],
		['CPU ms each', ({ run }) => cpuEach(run).toFixed(1)],
		['÷ floor', ({ run }) => (cpuEach(run) / cpuEach(runs.floor.genuine)).toFixed(2)],
		['answers', ({ run }) => describeAnswers(run)],
		['executions', ({ run }) => run.executions],
	];
	const rows = RECEIVERS.flatMap((receiver) =>
		Object.entries(runs[receiver]).map(([kind, run]) => ({
			name: `${RECEIVER_NAMES[receiver]}, ${kind}`,
			run,
		})),
	);
	return createTable(columns, rows);
}

function targets({ ours, floor }: Runs, engine: string): Target[] {
	const least = cpuEach(floor.genuine);
	const stored = ['duplicate', 'forged', 'malformed'] as const;
	const executions = stored.map((kind) => ours[kind]?.executions ?? NaN);
	const { genuine } = ours;
	return [
		createRatioTarget(
			`genuine ≤ 1.1 × floor in CPU, with ${engine}`,
			cpuEach(genuine),
			least,
			1.1,
			"the execution that a notification starts asks n8n's database whether another n8n process has had it, which the floor does not.",
		),
		...(['duplicate', 'malformed'] as const).map((kind) =>
			createRatioTarget(
				`${kind} ≤ ${WELL_UNDER} × floor in CPU, with ${engine}`,
				cpuEach(ours[kind]),
				least,
				WELL_UNDER,
				'n8n makes an isolate for every call of a trigger, whatever the trigger does.',
			),
		),
		{
			what: `only genuine ones leave an execution, one each, with ${engine}`,
			measured: `${genuine?.executions} of ${genuine?.notifications} genuine; ${stored.map((kind, index) => `${executions[index]} ${kind}`).join(', ')}`,
			reached:
				genuine?.executions === genuine?.notifications && executions.every((count) => count === 0),
			otherwise:
				'of more senders at once than it asks for, the trigger accepts the others as pending, until most of what came within a minute is known not to be true. Such an execution ends at the trigger, with no items.',
		},
	];
}
