import { installFloorNode } from './floorNode';
import {
	madeUpIds,
	paidInvoices,
	SENDERS,
	sendNotifications,
	type NotificationKind,
	type NotificationRun,
} from './notifications';
import { createReceivers, type ReceiverName } from './receivers';
import { ratioTarget, type Section, type Target } from './report';
import { startFreshN8n, startSandboxFor, using, type Settings } from './world';

const WARM_UP = 16;
/** What is answered without asking SafePays or starting the workflow has to cost this share of the floor at most. */
const WELL_UNDER = 0.7;

export const RECEIVER_NAMES: Record<ReceiverName, string> = {
	ours: 'SafePays Trigger',
	floor: 'bare trigger (floor)',
	byHand: 'Webhook → HTTP Request → IF',
};

/** How n8n's expression engine is set. */
interface Engine {
	name: string;
	env: NodeJS.ProcessEnv;
	/** Notifications of each kind in a round. */
	count: number;
}

type Runs = Record<ReceiverName, Partial<Record<NotificationKind, NotificationRun>>>;

/** What a notification costs n8n, beside a trigger that does next to nothing and a guard built by hand. */
export async function benchmarkWebhooks(settings: Settings): Promise<Section> {
	const rounds = settings.quick ? 1 : 2;
	const defaults: Engine = { name: "n8n's defaults", env: {}, count: settings.quick ? 8 : 48 };
	const lazy: Engine = {
		name: '`N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true`',
		env: { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' },
		count: settings.quick ? 8 : 80,
	};
	const withDefaults = await measure(settings, defaults, rounds);
	const withLazy = await measure(settings, lazy, rounds);
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
			{ caption: `With ${defaults.name}:`, ...table(withDefaults) },
			{ caption: `With ${lazy.name}:`, ...table(withLazy) },
		],
		reading:
			'What the trigger turns away, it turns away without an execution; the guard built by hand and the floor store ' +
			`one for each, forged or not. A genuine notification costs ${cpuEach(withDefaults.ours.genuine).toFixed(0)} ms of ` +
			"CPU with n8n's defaults, nearly all of it for the isolates in which n8n evaluates expressions, and " +
			`${cpuEach(withLazy.ours.genuine).toFixed(0)} ms if n8n makes these only when they are needed.`,
		targets: [
			...targets(withDefaults, defaults.name),
			...targets(withLazy, lazy.name),
			ratioTarget(
				`genuine ≤ 1.1 × by hand in CPU, with ${lazy.name}`,
				cpuEach(withLazy.ours.genuine),
				cpuEach(withLazy.byHand.genuine),
				1.1,
			),
		],
	};
}

async function measure(settings: Settings, engine: Engine, rounds: number): Promise<Runs> {
	return await using(settings, async (cleanup) => {
		const n8n = await startFreshN8n(settings, cleanup, {
			env: engine.env,
			prepare: installFloorNode,
		});
		const { sandbox, credential } = await startSandboxFor(n8n, cleanup, ['--no-rate-limit']);
		const receivers = await createReceivers(n8n, credential, sandbox.url);
		const names = Object.keys(RECEIVER_NAMES) as ReceiverName[];
		const runs: Runs = { ours: {}, floor: {}, byHand: {} };
		for (const name of names) {
			settings.step(`webhooks: warming up ${RECEIVER_NAMES[name]}`);
			await sendNotifications(n8n, receivers[name], await paidInvoices(sandbox, WARM_UP));
		}
		for (let round = 0; round < rounds; round++) {
			for (const name of round % 2 === 0 ? names : [...names].reverse()) {
				const paid = await paidInvoices(sandbox, engine.count);
				const ids: Partial<Record<NotificationKind, string[]>> = {
					genuine: paid,
					duplicate: paid,
					forged: madeUpIds('forged', engine.count),
					// the others take these for an ID like any other
					...(name === 'ours' && { malformed: madeUpIds('malformed', engine.count) }),
				};
				for (const [kind, list] of Object.entries(ids) as Array<[NotificationKind, string[]]>) {
					settings.step(`webhooks: ${kind} to ${RECEIVER_NAMES[name]} with ${engine.name}`);
					const run = await sendNotifications(n8n, receivers[name], list);
					runs[name][kind] = sum(runs[name][kind], run);
				}
			}
		}
		return runs;
	});
}

function sum(earlier: NotificationRun | undefined, run: NotificationRun): NotificationRun {
	if (!earlier) return run;
	const answers = { ...earlier.answers };
	for (const [status, count] of Object.entries(run.answers)) {
		answers[status] = (answers[status] ?? 0) + count;
	}
	return {
		notifications: earlier.notifications + run.notifications,
		seconds: earlier.seconds + run.seconds,
		cpuMs: earlier.cpuMs + run.cpuMs,
		answers,
		answerMs: [...earlier.answerMs, ...run.answerMs].sort((a, b) => a - b),
		executions: earlier.executions + run.executions,
	};
}

function cpuEach(run: NotificationRun | undefined): number {
	return run ? run.cpuMs / run.notifications : NaN;
}

function table(runs: Runs): { heading: string[]; rows: string[][] } {
	const floor = cpuEach(runs.floor.genuine);
	return {
		heading: [
			'Receiver, notification',
			'sent',
			'a second',
			'CPU ms each',
			'÷ floor',
			'answers',
			'executions',
		],
		rows: (Object.keys(runs) as ReceiverName[]).flatMap((name) =>
			Object.entries(runs[name]).map(([kind, run]) => [
				`${RECEIVER_NAMES[name]}, ${kind}`,
				String(run.notifications),
				(run.notifications / run.seconds).toFixed(1),
				cpuEach(run).toFixed(1),
				(cpuEach(run) / floor).toFixed(2),
				Object.entries(run.answers)
					.map(([status, count]) => `${count} × ${status}`)
					.join(', '),
				String(run.executions),
			]),
		),
	};
}

function targets({ ours, floor }: Runs, engine: string): Target[] {
	const least = cpuEach(floor.genuine);
	const stored = ['duplicate', 'forged', 'malformed'] as const;
	const executions = stored.map((kind) => ours[kind]?.executions ?? NaN);
	const { genuine } = ours;
	return [
		ratioTarget(
			`genuine ≤ 1.1 × floor in CPU, with ${engine}`,
			cpuEach(genuine),
			least,
			1.1,
			"the execution that a notification starts asks n8n's database whether another n8n process has had it, which the floor does not.",
		),
		...(['duplicate', 'malformed'] as const).map((kind) =>
			ratioTarget(
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
