import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
} from 'n8n-workflow';
import { NodeOperationError, WAIT_INDEFINITELY } from 'n8n-workflow';

import { baseUrlOf } from '../../../../credentials/SafePaysApi.credentials';
import { FinalInvoices } from '../../notifications/finalInvoices';
import { isLocal } from '../../transport/addresses';
import type { SafePaysClient } from '../../transport/client';
import { getInvoice } from './getInvoice';

/** Each invoice's notification is an HTTP call to the waiting execution; n8n handles them one by one. */
const MAX_WAITING_INVOICES = 50;

const UNIT_MS: Record<string, number> = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };

/** Where a call resumes this execution, with n8n's signature. */
export function resumeUrlOf(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
}

/**
 * Checked before anything is created.
 *
 * @throws NodeOperationError if there are too many items, or SafePays could not reach this n8n
 */
export function assertCanWait(
	context: IExecuteFunctions,
	credentials: ICredentialDataDecryptedObject,
	itemCount: number,
): void {
	if (itemCount > MAX_WAITING_INVOICES) {
		throw new NodeOperationError(
			context.getNode(),
			`${itemCount} items are too many: at most ${MAX_WAITING_INVOICES} invoices can be waited for together`,
			{
				description: `Nothing was created. Put a Loop Over Items node with a batch size of ${MAX_WAITING_INVOICES} or less before this one.`,
			},
		);
	}
	const resumeUrl = resumeUrlOf(context);
	if (isLocal(resumeUrl) && !isLocal(baseUrlOf(credentials))) {
		throw new NodeOperationError(
			context.getNode(),
			`SafePays cannot reach this n8n to say that an invoice is paid: its address is ${new URL(resumeUrl).origin}`,
			{
				description:
					'Nothing was created. Give your n8n a public address (the environment variable N8N_WEBHOOK_URL, or WEBHOOK_URL in older versions), or use "Create" and look for the payment with "Get".',
			},
		);
	}
}

/**
 * Puts the execution to wait until every invoice is final, or hands the invoices out at once if
 * they are (a payment may be faster than n8n, which takes notifications only once it waits).
 *
 * At the time-out no code of the node runs: n8n hands out the stored input items, so these become
 * the output of that case. Their JSON is replaced, not changed: the node before shares it.
 */
export async function waitForPayment(
	context: IExecuteFunctions,
	client: SafePaysClient,
	outputs: INodeExecutionData[],
): Promise<INodeExecutionData[][]> {
	const invoices = outputs.map(({ json }) => json);
	const resumeOn = context.getNodeParameter('resumeOn', 0) as string;
	const final = FinalInvoices.of(context.getExecutionId(), invoices, resumeOn);
	const ask = async (invoiceId: string) => {
		const answer = await client.send(getInvoice(invoiceId), 0).catch(() => undefined);
		return answer?.invoice as IDataObject | undefined;
	};
	if ((await final.areAll(invoices, ask)) === 'yes') return [final.outputs(invoices)];

	const inputs = context.getInputData();
	outputs.forEach((output, index) => {
		inputs[index].json = 'error' in output.json ? output.json : { ...output.json, timedOut: true };
		inputs[index].pairedItem = { item: index };
	});
	// What the editor's tooltip for the waiting node can show: `resumeFormUrl` is the page that a
	// person opens to make the execution go on, here the payment page.
	const first = invoices.find(({ payment_link: link }) => typeof link === 'string');
	context.setMetadata({
		resumeUrl: resumeUrlOf(context),
		resumeFormUrl: first?.payment_link as string | undefined,
	});
	await context.putExecutionToWait(waitTill(context));
	// A list of its own: n8n takes error items out of what it is given. Without them, since n8n's "Retry
	// On Fail" runs a node again whose first item has an error, here with the invoices as its input.
	return [inputs.filter(({ json }) => !('error' in json))];
}

function waitTill(context: IExecuteFunctions): Date {
	if (context.getNodeParameter('limitWaitTime', 0, true) !== true) return WAIT_INDEFINITELY;
	const amount = Number(context.getNodeParameter('waitAmount', 0, 30));
	const unit = UNIT_MS[context.getNodeParameter('waitUnit', 0, 'days') as string];
	const waitMs = (Number.isFinite(amount) ? Math.max(amount, 0) : 30) * (unit ?? UNIT_MS.days);
	return new Date(Math.min(Date.now() + waitMs, WAIT_INDEFINITELY.getTime()));
}
