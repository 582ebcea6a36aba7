import './quiet';

import { HookContext } from 'n8n-core';
import type { INode, INodeParameters, INodeType, IWebhookData } from 'n8n-workflow';

import { SafePaysTrigger } from '../../nodes/SafePays/SafePaysTrigger.node';
import type { World } from '.';
import { createAdditionalData, createWorkflow } from '.';
import { triggerWorkflow } from './workflows';

/** What n8n's log says when a workflow with the trigger is activated, and whether that works. */
export async function activated(
	n8nUrl: string,
	baseUrl: string,
	settings: Partial<INode> = {},
	parameters: INodeParameters = {},
): Promise<{ log: string[]; registered: boolean }> {
	const world: World = { baseUrl: n8nUrl, credentials: { apiKey: 'the-secret-key', baseUrl } };
	const json = triggerWorkflow(parameters);
	Object.assign(json.nodes[0], settings);
	const workflow = createWorkflow(world, json);
	const node = Object.values(workflow.nodes)[0] as INode;
	const trigger: INodeType = new SafePaysTrigger();
	const webhookData = { webhookDescription: trigger.description.webhooks?.[0] } as IWebhookData;
	const context = new HookContext(
		workflow,
		node,
		createAdditionalData(world, json),
		'trigger',
		'activate',
		webhookData,
	);
	const log: string[] = [];
	const write = (words: unknown) => log.push(String(words));
	Object.defineProperty(context, 'logger', {
		value: { warn: write, error: write, info: write, debug: write },
	});
	const { checkExists, create } = trigger.webhookMethods?.default ?? {};
	const registered =
		(await checkExists?.call(context)) === true || (await create?.call(context)) === true;
	return { log, registered };
}
