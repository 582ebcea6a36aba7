import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { WAIT_INDEFINITELY } from 'n8n-workflow';

import { getBaseUrl } from '../../../../../credentials/SafePaysApi.credentials';
import { toStoredError } from '../../../errors/nodeErrors';
import { SafePaysError } from '../../../transport/errors';
import { buildGetInvoice } from '../../../transport/request';
import { createChoiceField, createInvoiceField } from '../../fields';
import type { Operation } from '../../operation';
import type { ParameterValues } from '../../parameters';
import { getResumeUrl } from '../../parameters';
import { readChoice, readNumberWithin } from '../../validation';
import { FinalInvoices, isInvoice } from './finalInvoices';
import { showInTooltip, showWaitingHints } from './showWaiting';
import { lookOnceLater } from './watch';

/** Each invoice's notification is an HTTP call to the waiting execution; n8n handles them one by one. */
const MAX_WAITING_INVOICES = 50;

/** Units; n8n waits until the year 3000 at most. */
const MAX_WAIT_AMOUNT = 100_000;

const UNIT_MS = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };

const invoiceId = createInvoiceField('The invoice whose payment to wait for');

const resumeOn = createChoiceField({
	displayName: 'Resume On',
	name: 'resumeOn',
	default: 'paid',
	options: [
		{ name: 'Paid', value: 'paid', description: 'Continue when every invoice is paid' },
		{
			name: 'Paid or Failed',
			value: 'paidOrFailed',
			description: 'Continue when every invoice is paid or its payment has failed',
		},
	],
	description: 'What the workflow waits for',
});

const waitUnit = createChoiceField({
	displayName: 'Wait Unit',
	name: 'waitUnit',
	default: 'days',
	options: [
		{ name: 'Days', value: 'days' },
		{ name: 'Hours', value: 'hours' },
		{ name: 'Minutes', value: 'minutes' },
	],
	displayOptions: { show: { limitWaitTime: [true] } },
	description: 'The unit of the time to wait',
});

export const waitForPayment: Operation<'invoice'> = {
	option: {
		name: 'Wait for Payment',
		action: 'Wait for payment',
		description: 'Pause the execution until invoices are paid',
		displayOptions: { hide: { '@tool': [true] } },
	},

	fields: [
		{
			displayName:
				'The workflow continues when every invoice of this run is paid (or as set below). For SafePays to notify this execution, create the invoices in it, with "When Paid" set to "Resume This Workflow".',
			name: 'waitNotice',
			type: 'notice',
			default: '',
		},
		{ ...invoiceId.property, default: { __rl: true, mode: 'id', value: '={{ $json.id }}' } },
		resumeOn.property,
		{
			displayName: 'Limit Wait Time',
			name: 'limitWaitTime',
			type: 'boolean',
			default: true,
			description:
				'Whether to continue after some time even if not every invoice is known to be paid. The items then have "timedOut": true.',
		},
		{
			displayName: 'Wait Amount',
			name: 'waitAmount',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 30,
			displayOptions: { show: { limitWaitTime: [true] } },
			description: 'How long to wait at most',
		},
		waitUnit.property,
	],

	request: (parameters) => buildGetInvoice(invoiceId.read(parameters)),

	items: (answer) => [answer.invoice],

	beforeRun(context, itemCount) {
		if (itemCount > MAX_WAITING_INVOICES) {
			throw new SafePaysError({
				message: `${itemCount} items are too many: at most ${MAX_WAITING_INVOICES} invoices can be waited for together`,
				nextStep: `Put a Loop Over Items node with a batch size of ${MAX_WAITING_INVOICES} or less before this one.`,
			});
		}
		resumeOn.read(readParameters(context));
		readWaitLimit(context);
	},

	/**
	 * Puts the execution to wait until every invoice is final, or hands the invoices out at once if
	 * they are.
	 *
	 * At the time-out no code of the node runs: n8n hands out the stored input items, so these become
	 * the output of that case. Their JSON is replaced, not changed: the node before shares it.
	 */
	async afterRun({ context, credentials, client }, outputs) {
		if (client.cancelled) return outputs;
		const stored = outputs.map(({ json }) =>
			isInvoice(json) ? { ...json, timedOut: true } : toStoredError(context, json),
		);
		const final = FinalInvoices.begin(
			context.getExecutionId(),
			stored,
			resumeOn.read(readParameters(context)),
		);
		if (final.openIds.length === 0) return outputs.map(withoutTimeOut);

		const inputs = context.getInputData();
		stored.forEach((json, index) => {
			inputs[index].json = json;
			inputs[index].pairedItem = { item: index };
		});
		const resumeUrl = getResumeUrl(context);
		showWaitingHints(context, final, resumeUrl, getBaseUrl(credentials));
		showInTooltip(context, final, resumeUrl, outputs);
		const until = readWaitLimit(context);
		await context.putExecutionToWait(until);
		lookOnceLater(
			{
				context,
				executionId: context.getExecutionId(),
				resumeUrl,
				final,
				getCredentials: async () => credentials,
			},
			until,
		);
		// A new list, since n8n removes error items from the one that it is given. Without errors, since
		// n8n's "Retry On Fail" would run the node again for one, with the invoices as its input.
		return inputs.filter(({ json }) => isInvoice(json));
	},
};

/** When the execution goes on in any case. @throws InvalidInput naming the field */
function readWaitLimit(context: IExecuteFunctions): Date {
	const limited = context.getNodeParameter('limitWaitTime', 0, true);
	if (readChoice(limited, 'Limit Wait Time', ['true', 'false']) === 'false')
		return WAIT_INDEFINITELY;
	const parameters = readParameters(context);
	const amount = readNumberWithin(parameters.get('waitAmount'), 'Wait Amount', 0, MAX_WAIT_AMOUNT);
	return new Date(Date.now() + amount * UNIT_MS[waitUnit.read(parameters)]);
}

/** All items wait together, so the fields of the wait are read from the first one. */
function readParameters(context: IExecuteFunctions): ParameterValues {
	return { get: (name) => context.getNodeParameter(name, 0, undefined) };
}

function withoutTimeOut(output: INodeExecutionData): INodeExecutionData {
	return isInvoice(output.json) ? { ...output, json: { ...output.json, timedOut: false } } : output;
}
