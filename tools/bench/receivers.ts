import { randomUUID } from 'node:crypto';

import type { RunningN8n } from '../harness/n8n';
import {
	node,
	noOp,
	safePaysTrigger,
	triggerPath,
	webhook,
	workflow,
	type NodeJson,
	type WorkflowJson,
} from '../harness/workflow';
import { FLOOR_TYPE } from './floorNode';

/** The ways to take notifications in n8n. */
export const RECEIVER_NAMES = {
	ours: 'SafePays Trigger',
	floor: 'bare trigger (floor)',
	byHand: 'Webhook → HTTP Request → IF',
};
export type ReceiverName = keyof typeof RECEIVER_NAMES;
export const RECEIVERS = Object.keys(RECEIVER_NAMES) as ReceiverName[];

/** An active workflow that takes notifications. */
export interface Receiver {
	workflowId: string;
	url: string;
}

interface TriggerSettings {
	credential: string;
	webhookId: string;
	typeVersion: number;
}

/** What the editor gives a new SafePays Trigger; n8n does less for a trigger whose version is not 1. */
async function versionOfOurs({ rest }: RunningN8n): Promise<number> {
	const [{ version, defaultVersion }] = await rest.getNodeTypes([
		'n8n-nodes-safepays.safePaysTrigger',
	]);
	return defaultVersion ?? Math.max(...[version].flat());
}

/** Our trigger, with one node behind it. */
function ours(settings: TriggerSettings): WorkflowJson {
	return workflow([safePaysTrigger({ events: ['paid'] }, settings), noOp('Paid')]);
}

/** The floor (see `installFloorNode`) in the same version as our trigger, with one node behind it. */
function floor(settings: TriggerSettings): WorkflowJson {
	return workflow([node(FLOOR_TYPE, 'Floor', {}, settings), noOp('Paid')]);
}

/** What a user without this package builds: Webhook → HTTP Request → IF, with one node behind it. */
function byHand(credential: string, path: string, sandboxUrl: string): WorkflowJson {
	const ask = node(
		'n8n-nodes-base.httpRequest',
		'Ask SafePays',
		{
			url: `=${sandboxUrl}/api/v2/invoice/{{ $json.body.invoice.id }}`,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: 'safePaysApi',
			options: { response: { response: { neverError: true } } },
		},
		{ credential, typeVersion: 4.5 },
	);
	const isPaid = node(
		'n8n-nodes-base.if',
		'Is it paid?',
		{
			conditions: {
				options: { caseSensitive: true, leftValue: '', typeValidation: 'loose', version: 2 },
				conditions: [
					{
						id: randomUUID(),
						leftValue: '={{ $json.invoice?.status }}',
						rightValue: 'Paid',
						operator: { type: 'string', operation: 'equals' },
					},
				],
				combinator: 'and',
			},
			looseTypeValidation: true,
			options: {},
		},
		{ typeVersion: 2.2 },
	);
	return workflow([webhook(path), ask, isPaid, noOp('Paid')]);
}

/** Stores and activates each of them. */
export async function createReceivers(
	n8n: RunningN8n,
	credential: string,
	sandboxUrl: string,
): Promise<Record<ReceiverName, Receiver>> {
	const typeVersion = await versionOfOurs(n8n);
	const activate = async (
		make: (webhookId: string) => WorkflowJson,
		getPath: (first: NodeJson) => string,
	) => {
		const json = make(randomUUID());
		const stored = await n8n.rest.createWorkflow(json);
		await n8n.rest.activate(stored);
		const path = getPath(json.nodes[0]);
		await n8n.rest.waitForWebhook(path);
		return { workflowId: stored.id, url: `${n8n.url}/webhook/${path}` };
	};
	return {
		ours: await activate((webhookId) => ours({ credential, webhookId, typeVersion }), triggerPath),
		floor: await activate(
			(webhookId) => floor({ credential, webhookId, typeVersion }),
			({ webhookId }) => `${webhookId}/webhook`,
		),
		byHand: await activate(
			(path) => byHand(credential, path, sandboxUrl),
			({ webhookId }) => `${webhookId}`,
		),
	};
}
