import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { properties } from './actions';
import { runItems } from './actions/router';
import { runAsTool } from './actions/toolCall';
import { resume } from './actions/invoice/waitForPayment/resume';
import { WAITING_TOOLTIP } from './actions/invoice/waitForPayment/showWaiting';
import { isAiTool } from './aiTool';
import { testCredential } from './methods/credentialTest';
import { answerAlways } from './webhooks/responses';

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
			'={{ $parameter["operation"] === "waitForPayment" ? "wait for payment" : $parameter["operation"] + ": " + $parameter["resource"] }}',
		description: 'Create customers and invoices with a payment link, and wait for payments',
		defaults: { name: 'SafePays' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'safePaysApi', required: true, testedBy: 'testCredential' }],
		waitingNodeTooltip: WAITING_TOOLTIP,
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
		default: { checkExists: async () => true, create: async () => true, delete: async () => true },
	};

	methods = { credentialTest: { testCredential } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return isAiTool(this.getNode()) ? await runAsTool(this) : await runItems(this);
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await answerAlways(this, resume);
	}
}
