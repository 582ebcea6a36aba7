import { randomUUID } from 'node:crypto';

import type { N8nClient } from '../harness/client';
import type { NodeJson, NodeSettings } from '../harness/workflow';
import {
	listWorkflow,
	node,
	noOp,
	safePays,
	safePaysTrigger,
	webhook,
	workflow,
} from '../harness/workflow';

/** What a shop has SafePays do; `paid` is started by a notification, the others by a list of items. */
export const KINDS = [
	'create',
	'createOrStop',
	'createOnce',
	'get',
	'wait',
	'waitShortly',
	'paid',
] as const;
export type Kind = (typeof KINDS)[number];

/** An active workflow. */
export interface Active {
	id: string;
	url: string;
}

/** Names of the node that calls SafePays, of the one behind it, and of the one before it that creates what it waits for. */
export const CALL = 'Call';
export const CREATE = 'Create';
export const AFTER = 'After';

/** Seconds for a request: faults that are slower time out. */
export const TIMEOUT = 2;

/** Minutes that a short wait takes; n8n looks every minute which waits are over. */
const SHORT_WAIT = 0.05;

const each = { email: '={{ $json.email }}', amount: '={{ $json.amount }}' };
const options = { timeout: TIMEOUT, rateLimitWait: 60 };
const goOn = { onError: 'continueRegularOutput' } as const;

type Make = (credential: string, url: string) => Record<Kind, NodeJson[]>;

/** Each kind with the package's nodes. */
export const ours: Make = (credential) => {
	const call = (parameters: Record<string, unknown>, settings: NodeSettings = {}) => [
		safePays(
			{ resource: 'invoice', options, ...parameters },
			{ name: CALL, credential, ...settings },
		),
	];
	const create = { operation: 'create', ...each };
	const createAndWait = (parameters: Record<string, unknown>) => [
		...call({ ...create, whenPaid: 'resume' }, { ...goOn, name: CREATE }),
		...call({ operation: 'waitForPayment', ...parameters }, goOn),
	];
	return {
		create: call(create, goOn),
		createOrStop: call(create, { retryOnFail: true, maxTries: 2, waitBetweenTries: 100 }),
		createOnce: call({ ...create, uniqueKey: '={{ $json.key }}' }, goOn),
		get: call({ operation: 'get', invoiceId: '={{ $json.id }}' }, goOn),
		wait: createAndWait({ limitWaitTime: false }),
		waitShortly: createAndWait({ waitAmount: SHORT_WAIT, waitUnit: 'minutes' }),
		paid: [safePaysTrigger({}, { credential })],
	};
};

/** The same with n8n's own nodes alone, as far as they can: what n8n's memory does without the package's nodes. */
export const n8nsOwn: Make = (credential, url) => {
	const http = (parameters: Record<string, unknown>) =>
		node(
			'n8n-nodes-base.httpRequest',
			CALL,
			{
				authentication: 'predefinedCredentialType',
				nodeCredentialType: 'safePaysApi',
				options: { timeout: TIMEOUT * 1000, response: { response: { neverError: true } } },
				...parameters,
			},
			{ credential, typeVersion: 4.5, ...goOn },
		);
	const create = (extra = '') =>
		http({
			method: 'POST',
			url: `${url}/api/v2/invoice`,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `={{ JSON.stringify({ email: $json.email, amount: $json.amount${extra} }) }}`,
		});
	const wait = (limit: object) => [
		create(', webhook_url: $execution.resumeUrl'),
		node(
			'n8n-nodes-base.wait',
			'Wait',
			{ resume: 'webhook', httpMethod: 'POST', options: {}, ...limit },
			{ typeVersion: 1.1, webhookId: randomUUID() },
		),
	];
	const get = (id: string) => http({ url: `=${url}/api/v2/invoice/{{ ${id} }}` });
	return {
		create: [create()],
		createOrStop: [create()],
		createOnce: [create()],
		get: [get('$json.id')],
		wait: wait({}),
		waitShortly: wait({
			limitWaitTime: true,
			limitType: 'afterTimeInterval',
			resumeAmount: SHORT_WAIT,
			resumeUnit: 'minutes',
		}),
		paid: [webhook(randomUUID()), get('$json.body.invoice.id')],
	};
};

/** Stores and activates a workflow of each kind. */
export async function activateAll(
	client: N8nClient,
	nodes: ReturnType<Make>,
): Promise<Record<Kind, Active>> {
	const active = {} as Record<Kind, Active>;
	for (const kind of KINDS) {
		const steps = [...nodes[kind], noOp(AFTER)];
		const path = kind === 'paid' ? String(steps[0].parameters.path) : randomUUID();
		// a wait is answered at once, others when they have ended
		const responseMode = kind.startsWith('wait') ? 'onReceived' : 'lastNode';
		const json = kind === 'paid' ? workflow(steps) : listWorkflow(path, steps, responseMode);
		const { id } = await client.createWorkflow(json);
		await client.activate({ id });
		active[kind] = { id, url: `${client.url}/webhook/${path}` };
	}
	return active;
}
