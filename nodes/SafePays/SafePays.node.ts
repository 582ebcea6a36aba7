import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { properties } from './actions/description';
import { router } from './actions/router';
import { toolCall } from './actions/toolCall';
import { isAiTool } from './aiTool';
import { resume } from './notifications/resume';
import { testCredential } from './transport/testCredential';

export class SafePays implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'SafePays',
		name: 'safePays',
		icon: {
			light: 'file:../../icons/safepays.light.svg',
			dark: 'file:../../icons/safepays.dark.svg',
		},
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ($parameter["operation"] === "createAndWait" ? "create and wait" : $parameter["operation"]) + ": " + $parameter["resource"] }}',
		description: 'Create customers and invoices with a payment link, and wait for payments',
		defaults: { name: 'SafePays' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'safePaysApi', required: true, testedBy: 'testCredential' }],
		// Shown as HTML. Until n8n knows the (first) payment page, resumeFormUrl is its own.
		waitingNodeTooltip:
			'={{ "Waiting for the payment" + ($execution.resumeFormUrl.includes("/form-waiting/") ? "" : $execution.resumeFormUrl.replace(/["<>]/g, "").replace(/.+/, " at <a href=\\"$&\\" target=\\"_blank\\">$&</a>")) }}',
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				path: '',
				isFullPath: true,
				restartWebhook: true,
				responseMode: 'onReceived',
				responseData: '',
			},
		],
		properties,
	};

	// The webhook is the URL of a waiting execution: there is nothing to register for it.
	webhookMethods = {
		default: {
			async checkExists(): Promise<boolean> {
				return true;
			},
			async create(): Promise<boolean> {
				return true;
			},
			async delete(): Promise<boolean> {
				return true;
			},
		},
	};

	methods = { credentialTest: { testCredential } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return isAiTool(this.getNode()) ? await toolCall(this, router) : await router.call(this);
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await resume.call(this);
	}
}
