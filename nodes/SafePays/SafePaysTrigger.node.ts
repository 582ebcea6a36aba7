import type {
	IExecuteFunctions,
	IHookFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { fromParameter, NodeConnectionTypes, webhookDescriptionFields } from 'n8n-workflow';

import { execute } from './webhooks/triggerExecute';
import { receive } from './webhooks/triggerWebhook';
import { checkOnActivation } from './webhooks/nodeSettings';
import { answerAlways } from './webhooks/responses';
import { testCredential } from './methods/credentialTest';

/** With these functions, which older versions lack, n8n reads the path at each call without its expression engine. */
const path = webhookDescriptionFields?.({ path: fromParameter('path') }) ?? {
	path: '={{$parameter["path"]}}',
};

export class SafePaysTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'SafePays Trigger',
		name: 'safePaysTrigger',
		icon: {
			light: 'file:../../icons/safepays.light.svg',
			dark: 'file:../../icons/safepays.dark.svg',
		},
		group: ['trigger'],
		// n8n takes version 1 for its first Webhook node, and evaluates one expression more for each call.
		version: 1.1,
		subtitle: '={{ "on: " + $parameter["events"].join(", ").replace("unpaid", "past due") }}',
		description:
			'Starts the workflow when a SafePays invoice is paid, is past due, or its payment fails',
		eventTriggerDescription: 'Waiting for SafePays to report to the test URL',
		activationMessage:
			'This workflow now starts for invoices that report to its production URL. Invoices of a SafePays node with the same credential do so if the Path of this node is the Trigger Path of the credential.',
		defaults: { name: 'SafePays Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'safePaysApi', required: true, testedBy: 'testCredential' }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				...path,
				isFullPath: true,
				responseMode: 'onReceived',
				responseData: '',
			},
		],
		triggerPanel: {
			header: 'Start when an invoice is paid',
			executionsHelp: {
				inactive:
					'<b>There is nothing to copy:</b> publish this workflow, and create the invoice with a SafePays node that has the same credential. When it is paid, this workflow starts.<br /><br /><b>To try it out before that</b>, click "Execute step", create an invoice with When Paid set to "Send to a URL" and the <b>test URL</b> of this node, and pay it. The test URL takes one notification each time.',
				active:
					'<b>This workflow is published:</b> it starts for each invoice of a SafePays node with the same credential. See the results in the <a data-key="executions">executions list</a>.<br /><br /><b>To try out a change</b>, click "Execute step", and create an invoice with When Paid set to "Send to a URL" and the <b>test URL</b> of this node.',
			},
			activationHint:
				'Publish this workflow, and it starts for the invoices of every SafePays node with the same credential.',
		},
		properties: [
			{
				displayName:
					'Once this workflow is published, invoices created by a SafePays node with the same credential start it, with nothing to copy. For invoices made elsewhere, give SafePays the production URL (under "Webhook URLs") as their webhook URL.',
				name: 'notice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'Trigger On',
				name: 'events',
				type: 'multiOptions',
				required: true,
				default: ['paid'],
				options: [
					{ name: 'Invoice Paid', value: 'paid', description: 'An invoice has been paid' },
					{
						name: 'Invoice Past Due',
						value: 'unpaid',
						description: 'An invoice is past its due date and not paid',
					},
					{
						name: 'Payment Failed',
						value: 'failed',
						description: 'An attempt to pay an invoice has failed',
					},
				],
				description: 'What starts the workflow. Each notification is first verified with SafePays.',
			},
			{
				displayName: 'Path',
				name: 'path',
				type: 'string',
				noDataExpression: true,
				required: true,
				default: 'safepays',
				placeholder: 'e.g. safepays',
				description:
					'The end of the webhook URL. If it is the same as the Trigger Path of the credential, new invoices report to this node. A second SafePays account needs its own path and credential.',
			},
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add Option',
				default: {},
				options: [
					{
						displayName: 'Deduplicate',
						name: 'deduplicate',
						type: 'boolean',
						default: true,
						description:
							'Whether to start the workflow only once for the same invoice and status, however often SafePays sends it. Does not apply to test events.',
					},
					{
						displayName: 'Include Notification',
						name: 'includeNotification',
						type: 'boolean',
						default: false,
						description:
							'Whether to add the notification as it was received. It is not verified: rely on the invoice instead.',
					},
				],
			},
		],
	};

	methods = { credentialTest: { testCredential } };

	webhookMethods = {
		default: {
			// SafePays has no call to register a webhook: the URL is given with each invoice.
			async checkExists(this: IHookFunctions): Promise<boolean> {
				await checkOnActivation(this);
				return true;
			},
			create: async () => true,
			delete: async () => true,
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await answerAlways(this, receive);
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
