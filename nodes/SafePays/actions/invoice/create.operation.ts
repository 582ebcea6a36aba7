import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { readDueDate, readDueInDays } from '../dueDate';
import {
	createChoiceField,
	readCollection,
	createCurrencyField,
	createCustomerField,
	createEmailField,
	createTextField,
} from '../fields';
import type { Operation } from '../operation';
import type { ItemParameters } from '../parameters';
import type { LineItem } from '../validation';
import { readAmount, readLineItems, sumLineItems, readUrl } from '../validation';
import { InvalidInput } from '../../errors/invalidInput';
import { metadata } from './metadata';
import { showPaymentHint } from './paymentHint';
import { buildWebhookUrl, whenPaidFields } from './whenPaid';

/** What SafePays takes if no currency is given (invoices.txt, "Create Invoice"). */
const DEFAULT_CURRENCY = 'USD';

const billTo = createChoiceField({
	displayName: 'Bill To',
	name: 'billTo',
	default: 'email',
	options: [
		{
			name: 'Customer',
			value: 'customer',
			description: 'A customer who is already in SafePays',
		},
		{ name: 'Email Address', value: 'email', description: 'Anybody with an email address' },
	],
	description: 'Who gets the invoice',
});

const priceBy = createChoiceField({
	displayName: 'Price By',
	name: 'priceBy',
	default: 'amount',
	options: [
		{ name: 'Amount', value: 'amount', description: 'One total amount' },
		{
			name: 'Line Items',
			value: 'items',
			description: 'A list of items, which SafePays adds up',
		},
	],
	description: 'How the price of the invoice is given',
});

const itemsFrom = createChoiceField({
	displayName: 'Specify Line Items',
	name: 'itemsFrom',
	default: 'fields',
	options: [
		{ name: 'Using Fields Below', value: 'fields', description: 'Entered here, one by one' },
		{ name: 'Using JSON', value: 'json', description: 'A list from an earlier node' },
	],
	displayOptions: { show: { priceBy: ['items'] } },
	description: 'Where the line items come from',
});

const email = createEmailField('The email address of the person to bill');

const customerId = createCustomerField('The customer to bill');

const currency = createCurrencyField({
	displayName: 'Currency',
	name: 'currency',
	description: 'The currency of the invoice',
});

const uniqueKey = createTextField({
	displayName: 'Unique Key',
	name: 'uniqueKey',
	placeholder: 'e.g. order-1042',
	description:
		'Your own reference for this invoice, such as the order number. This node creates one invoice for each key: the next time, it returns the existing invoice.',
});

const fields: INodeProperties[] = [
	billTo.property,
	{ ...email.property, displayOptions: { show: { billTo: ['email'] } } },
	{ ...customerId.property, displayOptions: { show: { billTo: ['customer'] } } },
	priceBy.property,
	{
		displayName: 'Amount',
		name: 'amount',
		type: 'number',
		required: true,
		typeOptions: { minValue: 0, numberPrecision: 2 },
		default: 0,
		placeholder: 'e.g. 200',
		displayOptions: { show: { priceBy: ['amount'] } },
		description: 'The total before fees, in dollars, not cents: 19.90 is 19 dollars and 90 cents',
	},
	itemsFrom.property,
	{
		displayName: 'Line Items',
		name: 'lineItems',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true, sortable: true },
		placeholder: 'Add Line Item',
		default: {},
		displayOptions: { show: { priceBy: ['items'], itemsFrom: ['fields'] } },
		description: 'What the invoice is for',
		options: [
			{
				displayName: 'Line Item',
				name: 'item',
				values: [
					{
						displayName: 'Title',
						name: 'title',
						type: 'string',
						required: true,
						default: '',
						placeholder: 'e.g. Monthly Plan',
						description: 'What the customer reads on the invoice',
					},
					{
						displayName: 'Quantity',
						name: 'qty',
						type: 'number',
						typeOptions: { minValue: 0 },
						default: 1,
						description: 'How many of them',
					},
					{
						displayName: 'Price',
						name: 'price',
						type: 'number',
						typeOptions: { numberPrecision: 2 },
						default: 0,
						description: 'The price of one, in dollars, not cents',
					},
				],
			},
		],
	},
	{
		displayName: 'Line Items (JSON)',
		name: 'lineItemsJson',
		type: 'json',
		required: true,
		default: '',
		placeholder: 'e.g. [{ "title": "Monthly Plan", "qty": 1, "price": 200 }]',
		displayOptions: { show: { priceBy: ['items'], itemsFrom: ['json'] } },
		description: 'A list of objects with title, qty and price',
	},
	currency.property,
	uniqueKey.property,
	...whenPaidFields,
	{
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		options: [
			{
				displayName: 'Due Date',
				name: 'dueDate',
				type: 'dateTime',
				typeOptions: { dateOnly: true },
				default: '',
				description:
					"When the invoice is due, in the workflow's time zone. Without a due date it is due in 30 days.",
			},
			{
				displayName: 'Due In (Days)',
				name: 'dueInDays',
				type: 'number',
				typeOptions: { minValue: 0 },
				default: 30,
				description:
					"How many days from today the invoice is due, in the workflow's time zone. Not together with Due Date.",
			},
			metadata.property,
			{
				displayName: 'Redirect URL',
				name: 'redirectUrl',
				type: 'string',
				default: '',
				placeholder: 'e.g. https://example.com/thank-you',
				description:
					'Where the buyer is sent after paying. SafePays adds the invoice ID as transaction_id. A visit to this address does not prove a payment.',
			},
		],
	},
];

function readPayer(parameters: ItemParameters) {
	return billTo.read(parameters) === 'customer'
		? { customer_id: customerId.read(parameters) }
		: { email: email.read(parameters) };
}

function readPrice(parameters: ItemParameters): { amount: number } | { items: LineItem[] } {
	if (priceBy.read(parameters) === 'amount') {
		return { amount: readAmount(parameters.get('amount'), 'Amount') };
	}
	const list =
		itemsFrom.read(parameters) === 'json'
			? parameters.get('lineItemsJson')
			: (readCollection(parameters, 'lineItems').get('item') ?? []);
	return { items: readLineItems(list, 'Line Items') };
}

/** `YYYY-MM-DD`, or `''` if none is given. */
function readDueDay(parameters: ItemParameters): string {
	const additional = readCollection(parameters, 'additionalFields');
	const { timeZone } = parameters;
	const day = readDueDate(additional.get('dueDate'), 'Due Date', timeZone);
	const dayByNumber = readDueInDays(additional.get('dueInDays'), timeZone);
	if (day !== '' && dayByNumber !== '') {
		throw new InvalidInput(
			'Due In (Days)',
			'is given together with "Due Date"',
			'Use one of them and remove the other.',
		);
	}
	return day || dayByNumber;
}

function dropEmpty(fields: IDataObject): IDataObject {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

export const create: Operation<'invoice'> = {
	option: {
		name: 'Create',
		action: 'Create invoice',
		description: 'Create an invoice and get its payment link',
	},

	toolDescription:
		'Creates an invoice in SafePays: a real bill, which this tool cannot take back. Amount and prices are in dollars, not cents: 200 is two hundred dollars, 19.90 is 19 dollars and 90 cents. Currency is a three-letter code such as USD. Line items in JSON are a list of objects with title, qty and price (of one). Dates are YYYY-MM-DD. Returns the invoice with its id and the payment_link, where the customer pays; base_amount is what was asked for, amount what the customer pays with fees. Every call creates one more invoice, except with a unique key that was used before. If an answer says that the invoice may have been created, do not create it again.',

	fields,

	/** Empty optional fields are left out (invoices.txt, "Create Invoice"). */
	request(parameters) {
		const payer = readPayer(parameters);
		const price = readPrice(parameters);
		const code = currency.read(parameters);
		const sum = 'items' in price ? sumLineItems(price.items) : price.amount;
		const additional = readCollection(parameters, 'additionalFields');
		const webhookUrl = buildWebhookUrl(parameters, uniqueKey.read(parameters), {
			payer: payer.customer_id ?? payer.email,
			currency: code || DEFAULT_CURRENCY,
			total: sum,
		});
		const optional: IDataObject = {
			currency: code,
			due_date: readDueDay(parameters),
			redirect_url: readUrl(additional.get('redirectUrl'), 'Redirect URL'),
			webhook_url: webhookUrl,
		};
		return {
			method: 'POST',
			path: '/api/v2/invoice',
			body: { ...payer, ...price, ...dropEmpty(optional) },
			record: 'invoice',
			summary: `an invoice of ${sum} ${code || DEFAULT_CURRENCY} to ${
				payer.email ?? `customer ${payer.customer_id}`
			}`,
		};
	},

	items: (answer) => [answer.invoice],

	uniqueKey: uniqueKey.read,

	// The resume URL differs in each execution, and a due date in days on each day.
	fingerprintIgnores: ['webhook_url', 'due_date'],

	async afterRun(run, outputs) {
		showPaymentHint(run, outputs);
		return outputs;
	},
};
