import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { SafePaysRequest } from '../../transport/request';
import { CURRENCY_HINT, recordLocator } from '../fields';
import type { LineItem } from '../input';
import { amount, currency, date, email, id, lineItems, text, total, url } from '../input';
import type { ItemParameters, Operation } from '../operation';

/** The fields that say whom to bill for what: the same for every operation that creates an invoice. */
export const billFields: INodeProperties[] = [
	{
		displayName: 'Bill To',
		name: 'billTo',
		type: 'options',
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
	},
	{
		displayName: 'Email',
		name: 'email',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. john@example.com',
		displayOptions: { show: { billTo: ['email'] } },
		description: 'The email address of the person to bill',
	},
	{
		...recordLocator(
			{
				displayName: 'Customer',
				name: 'customerId',
				description: 'The customer to bill',
			},
			'dashboard/customer',
		),
		displayOptions: { show: { billTo: ['customer'] } },
	},
	{
		displayName: 'Price By',
		name: 'priceBy',
		type: 'options',
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
	},
	{
		displayName: 'Amount',
		name: 'amount',
		type: 'number',
		required: true,
		typeOptions: { minValue: 0, numberPrecision: 2 },
		default: 0,
		placeholder: 'e.g. 200',
		displayOptions: { show: { priceBy: ['amount'] } },
		description: 'The total before fees, in whole units of the currency: 19.90 is 19 dollars and 90 cents',
	},
	{
		displayName: 'Line Items From',
		name: 'itemsFrom',
		type: 'options',
		default: 'fields',
		options: [
			{ name: 'Fields Below', value: 'fields' },
			{ name: 'JSON', value: 'json', description: 'A list from an earlier node' },
		],
		displayOptions: { show: { priceBy: ['items'] } },
		description: 'Where the line items come from',
	},
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
						description: 'The price of one, in whole units of the currency',
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
	{
		displayName: 'Currency',
		name: 'currency',
		type: 'string',
		default: 'USD',
		placeholder: 'e.g. USD',
		description: `Three-letter code of the currency. ${CURRENCY_HINT}.`,
	},
	{
		displayName: 'Unique Key',
		name: 'uniqueKey',
		type: 'string',
		default: '',
		placeholder: 'e.g. order-1042',
		description:
			'An order number or the like. This node creates one invoice for each key: the next time, the invoice that is already there is given out instead.',
	},
];

const dueDate: INodeProperties = {
	displayName: 'Due Date',
	name: 'dueDate',
	type: 'dateTime',
	default: '',
	description: "When the invoice is due, in the workflow's time zone. Left empty, it is due in 30 days.",
};

const redirectUrl: INodeProperties = {
	displayName: 'Redirect URL',
	name: 'redirectUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://example.com/thank-you',
	description:
		'Where the buyer is sent after paying. SafePays adds the invoice ID as transaction_id. That somebody comes to this address does not prove a payment.',
};

const webhookUrl: INodeProperties = {
	displayName: 'Webhook URL',
	name: 'webhookUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://n8n.example.com/webhook/4f1c…/webhook',
	description:
		'Where SafePays sends the notification when this invoice is paid: the production URL of a SafePays Trigger. Left empty, the Default Webhook URL of the credential is used.',
};

/** The optional fields; an operation that needs the webhook for itself leaves that one out. */
export function additionalFields(...which: Array<'dueDate' | 'redirectUrl' | 'webhookUrl'>): INodeProperties {
	const all = { dueDate, redirectUrl, webhookUrl };
	return {
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add field',
		default: {},
		options: which.map((name) => all[name]),
	};
}

/** The request that creates an item's invoice (invoices.txt, "Create Invoice"); empty optional fields are left out. */
export function createInvoice(parameters: ItemParameters, webhook: string): SafePaysRequest {
	const additional = (parameters.get('additionalFields') ?? {}) as IDataObject;
	const price = priceOf(parameters);
	const optional: IDataObject = {
		currency: currency(parameters.get('currency')),
		due_date: date(additional.dueDate, 'Due Date', parameters.timeZone),
		redirect_url: url(additional.redirectUrl, 'Redirect URL'),
		webhook_url: webhook,
	};
	const body: IDataObject = { ...payerOf(parameters), ...price };
	for (const [name, value] of Object.entries(optional)) if (value !== '') body[name] = value;

	const sum = 'items' in price ? total(price.items) : price.amount;
	return {
		method: 'POST',
		path: '/api/v2/invoice',
		body,
		record: 'invoice',
		summary: `an invoice of ${sum} ${(body.currency as string | undefined) ?? 'USD'} to ${
			(body.email as string | undefined) ?? `customer ${body.customer_id as string}`
		}`,
	};
}

function payerOf(parameters: ItemParameters): IDataObject {
	if (parameters.get('billTo') === 'customer') {
		return { customer_id: id(parameters.get('customerId'), 'Customer', 'dashboard/customer') };
	}
	return { email: email(parameters.get('email'), 'Email') };
}

function priceOf(parameters: ItemParameters): { amount: number } | { items: LineItem[] } {
	if (parameters.get('priceBy') !== 'items') {
		return { amount: amount(parameters.get('amount'), 'Amount') };
	}
	const list =
		parameters.get('itemsFrom') === 'json'
			? parameters.get('lineItemsJson')
			: ((parameters.get('lineItems') as IDataObject | undefined)?.item ?? []);
	return { items: lineItems(list, 'Line Items') };
}

export const create: Operation = {
	toolDescription:
		'Creates an invoice in SafePays: a real bill, which this tool cannot take back. Amount and prices are in whole units of the currency: 200 is two hundred dollars, 19.90 is 19 dollars and 90 cents. Currency is a three-letter code such as USD. Line items in JSON are a list of objects with title, qty and price (of one). Dates are YYYY-MM-DD. Returns the invoice with its id and the payment_link, where the customer pays; base_amount is what was asked for, amount what the customer pays with fees. Every call creates one more invoice, except with a unique key that was used before. If an answer says that the invoice may exist, do not create it again.',

	fields: [...billFields, additionalFields('dueDate', 'redirectUrl', 'webhookUrl')],

	request(parameters) {
		const additional = (parameters.get('additionalFields') ?? {}) as IDataObject;
		const webhook =
			url(additional.webhookUrl, 'Webhook URL') ||
			url(parameters.defaultWebhookUrl, 'Default Webhook URL of the credential');
		return createInvoice(parameters, webhook);
	},

	items: (answer) => [answer.invoice as IDataObject],

	uniqueKey: (parameters) => text(parameters.get('uniqueKey')),
};
