import type {
	IExecuteFunctions,
	IHookFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { dropDuplicates, receive } from './notifications/receive';
import { addressField, notificationAddress, warnIfUnreachable } from './notifications/reachable';
import { testCredential } from './transport/testCredential';

export class SafePaysTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'SafePays Trigger',
		name: 'safePaysTrigger',
		icon: {
			light: 'file:../../icons/safepays.light.svg',
			dark: 'file:../../icons/safepays.dark.svg',
		},
		group: ['trigger'],
		version: 1,
		subtitle: '={{ "on: " + $parameter["events"].join(", ").replace("unpaid", "past due") }}',
		description: 'Starts the workflow when a SafePays invoice is paid, is past due, or its payment fails',
		eventTriggerDescription: 'Waiting for SafePays to send a notification to the test URL',
		activationMessage: 'SafePays can now start this workflow through the production URL.',
		defaults: { name: 'SafePays Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'safePaysApi', required: true, testedBy: 'testCredential' }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				path: 'webhook',
				responseMode: 'onReceived',
				responseData: '',
			},
		],
		triggerPanel: {
			header: 'Receive the notification of a paid invoice',
			executionsHelp: {
				inactive:
					'<b>While building</b>, open <b>Webhook URLs</b> and copy the <b>test URL</b>. Click "Execute step", create an invoice with the test URL as its Webhook URL, and pay it. The test URL takes one notification each time.<br /><br /><b>When done</b>, publish the workflow and give SafePays the <b>production URL</b>: as the Webhook URL of each invoice, or once and for all as the Default Webhook URL of the SafePays credential.',
				active:
					'<b>Running:</b> each paid invoice that has the <b>production URL</b> as its Webhook URL (or none, if that is the Default Webhook URL of the credential) starts this workflow. See the results in the <a data-key="executions">executions list</a>.<br /><br /><b>While building</b>, click "Execute step" and use the <b>test URL</b> instead.',
			},
			activationHint:
				'Once you have finished building your workflow, publish it so that SafePays can start it through the production URL.',
		},
		properties: [
			{
				displayName:
					'SafePays has no place to register a webhook. Copy the production URL (under "Webhook URLs" above) into the Webhook URL of an invoice, or once and for all into the Default Webhook URL of the SafePays credential. SafePays must be able to reach it: localhost works only with the sandbox. Invoices of "Create and Wait for Payment" do not start this trigger.',
				name: 'urlNotice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'Events',
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
				description: 'What starts the workflow. SafePays is asked each time whether it is true.',
			},
			addressField,
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add option',
				default: {},
				options: [
					{
						displayName: 'Deduplicate',
						name: 'deduplicate',
						type: 'boolean',
						default: true,
						description:
							'Whether to start the workflow only once for the same invoice and status, however often SafePays sends it. Test events are never held back.',
					},
				],
			},
		],
	};

	methods = { credentialTest: { testCredential }, loadOptions: { notificationAddress } };

	webhookMethods = {
		default: {
			// SafePays has no call to register a webhook: the URL is given with each invoice.
			async checkExists(this: IHookFunctions): Promise<boolean> {
				await warnIfUnreachable.call(this);
				return true;
			},
			async create(this: IHookFunctions): Promise<boolean> {
				return true;
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receive.call(this);
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await dropDuplicates.call(this);
	}
}
