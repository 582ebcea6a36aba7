import { randomUUID } from 'node:crypto';

export interface NodeJson {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: Record<string, unknown>;
	credentials?: Record<string, { id: string; name: string }>;
	webhookId?: string;
	onError?: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	retryOnFail?: boolean;
	maxTries?: number;
	/** Milliseconds, at most 5000. */
	waitBetweenTries?: number;
	executeOnce?: boolean;
	alwaysOutputData?: boolean;
	disabled?: boolean;
}

/** `main` leads to the next node; the others lead from a sub-node to the node that uses it. */
export type ConnectionKind = 'main' | 'ai_languageModel' | 'ai_tool';

interface Link {
	node: string;
	type: ConnectionKind;
	index: number;
}

/** The JSON that n8n exports and imports. */
export interface WorkflowJson {
	name: string;
	nodes: NodeJson[];
	/** From a node's name to what each of its outputs of a kind leads to. */
	connections: Record<string, Partial<Record<ConnectionKind, Link[][]>>>;
	settings: Record<string, unknown>;
	pinData?: Record<string, unknown>;
	/** In an exported file: whether it is meant to be active. */
	active?: boolean;
	id?: string;
}

/** What a node may be given besides its parameters. */
export type NodeSettings = Partial<Omit<NodeJson, 'parameters' | 'type' | 'credentials'>> & {
	/** The ID of a `safePaysApi` credential. */
	credential?: string;
};

/** From a node's name to the names that each of its outputs leads to; a flat list is for output 0. */
export type Connections = Record<string, string[] | string[][]>;

/**
 * A workflow of these nodes, each leading to the next unless `connections` says otherwise.
 *
 * @param options `name` (random unless given, as n8n wants it unique to tell them apart), `settings`
 */
export function workflow(
	nodes: NodeJson[],
	connections: Connections = chain(nodes),
	options: { name?: string; settings?: Record<string, unknown> } = {},
): WorkflowJson {
	return {
		name: options.name ?? `test ${randomUUID().slice(0, 8)}`,
		nodes: nodes.map((node, index) => ({
			...node,
			position: node.position ?? ([index * 220, 0] as [number, number]),
		})),
		connections: Object.fromEntries(
			Object.entries(connections).map(([from, outputs]) => [
				from,
				{
					main: perOutput(outputs).map((targets) =>
						targets.map((node) => ({ node, type: 'main' as const, index: 0 })),
					),
				},
			]),
		),
		settings: { executionOrder: 'v1', ...options.settings },
	};
}

/** Hangs sub-nodes, such as an agent's model and tools, on a node of a workflow. */
export function withSubNodes(
	json: WorkflowJson,
	parent: string,
	subNodes: Partial<Record<ConnectionKind, NodeJson[]>>,
): WorkflowJson {
	const ofKinds = Object.entries(subNodes) as Array<[ConnectionKind, NodeJson[]]>;
	const links = ofKinds.flatMap(([kind, nodes]) =>
		nodes.map(
			({ name }) => [name, { [kind]: [[{ node: parent, type: kind, index: 0 }]] }] as const,
		),
	);
	const nodes = ofKinds.flatMap(([, ofKind]) => ofKind);
	return {
		...json,
		nodes: [
			...json.nodes,
			...nodes.map((node, index) => ({
				...node,
				position: node.position ?? ([index * 220, 220] as [number, number]),
			})),
		],
		connections: { ...json.connections, ...Object.fromEntries(links) },
	};
}

function chain(nodes: NodeJson[]): Connections {
	return Object.fromEntries(nodes.slice(1).map((node, index) => [nodes[index].name, [node.name]]));
}

function perOutput(outputs: string[] | string[][]): string[][] {
	return outputs.length > 0 && Array.isArray(outputs[0])
		? (outputs as string[][])
		: [outputs as string[]];
}

/** A node of any type. */
export function node(
	type: string,
	name: string,
	parameters: Record<string, unknown> = {},
	{ credential, ...settings }: NodeSettings = {},
): NodeJson {
	return {
		id: randomUUID(),
		name,
		type,
		typeVersion: 1,
		// `workflow` sets those that are not given, side by side
		position: undefined as unknown as [number, number],
		parameters,
		...(credential && {
			credentials: { safePaysApi: { id: credential, name: 'SafePays' } },
		}),
		...settings,
	};
}

/** The package's node as a tool of an agent; its name is what the model calls it by. */
export function safePaysTool(
	name: string,
	parameters: Record<string, unknown>,
	settings: NodeSettings = {},
): NodeJson {
	return node('n8n-nodes-safepays.safePaysTool', name, parameters, settings);
}

/** The node that `runWorkflow` starts from, named "Start". */
export function manualTrigger(name = 'Start'): NodeJson {
	return node('n8n-nodes-base.manualTrigger', name);
}

/** The package's node, named "SafePays" unless `settings.name` says otherwise. */
export function safePays(
	parameters: Record<string, unknown>,
	settings: NodeSettings = {},
): NodeJson {
	return node('n8n-nodes-safepays.safePays', 'SafePays', parameters, settings);
}

/** The package's trigger, named "SafePays Trigger", with a path of its own unless one is given. */
export function safePaysTrigger(
	parameters: Record<string, unknown> = {},
	settings: NodeSettings = {},
): NodeJson & { webhookId: string } {
	const webhookId = settings.webhookId ?? randomUUID();
	return {
		...node(
			'n8n-nodes-safepays.safePaysTrigger',
			'SafePays Trigger',
			{ path: webhookId, ...parameters },
			{ typeVersion: 1.1, ...settings },
		),
		webhookId,
	};
}

/** What follows `<n8n>/webhook/` in the production URL of a SafePays trigger. */
export function triggerPath({ parameters }: Pick<NodeJson, 'parameters'>): string {
	return String(parameters.path ?? 'safepays');
}

/** n8n's Webhook node, for POST at `<n8n>/webhook/<path>`. */
export function webhook(
	path: string,
	parameters: Record<string, unknown> = {},
	name = 'Webhook',
): NodeJson {
	return node(
		'n8n-nodes-base.webhook',
		name,
		{ httpMethod: 'POST', path, options: {}, ...parameters },
		{ typeVersion: 2, webhookId: path },
	);
}

/** A workflow that makes an item of each element of a list that is posted to it, for these nodes. */
export function listWorkflow(
	path: string,
	nodes: NodeJson[],
	responseMode: 'lastNode' | 'onReceived' = 'lastNode',
): WorkflowJson {
	return workflow([
		// answers without the items
		webhook(path, { responseMode, responseData: 'noData' }),
		node('n8n-nodes-base.splitOut', 'Split', { fieldToSplitOut: 'body.items', options: {} }),
		...nodes,
	]);
}

/** A node that hands on these items, whatever it gets. */
export function items(json: object[], name = 'Items'): NodeJson {
	return node(
		'n8n-nodes-base.code',
		name,
		{ jsCode: `return ${JSON.stringify(json)}.map((json) => ({ json }));` },
		{ typeVersion: 2 },
	);
}

/** A node that does nothing, to see what another one hands on. */
export function noOp(name: string): NodeJson {
	return node('n8n-nodes-base.noOp', name);
}
