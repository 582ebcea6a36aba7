import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { SafePaysRequest } from '../transport/request';

/** One item's parameters, as an operation reads them to make its request. */
export interface ItemParameters {
	/** The raw value of a parameter; `a.b` reaches into a collection. */
	get(name: string): unknown;
	/** The credential's fallback for an invoice that names no webhook URL, '' if there is none. */
	defaultWebhookUrl: string;
	/** Where SafePays' notifications reach this execution while it waits. */
	resumeUrl(): string;
	/** IANA name of the workflow's time zone, e.g. `Europe/Berlin`. */
	timeZone: string;
}

/**
 * An operation: its fields beside the request made of them and the items made of the answer.
 * Everything else (the loop, sending, retrying, errors) is the router's.
 */
export interface Operation {
	/** Without `displayOptions` for resource and operation: `describe` adds them. */
	fields: INodeProperties[];
	/** What a model is told that may use this operation as a tool, until the user words it otherwise. */
	toolDescription?: string;
	/** @throws InvalidInput naming the field */
	request(parameters: ItemParameters): SafePaysRequest;
	/** The output items' JSON for one input item. */
	items(answer: IDataObject, parameters: ItemParameters): IDataObject[];
	/** What stands in for a refusal in SafePays' own words, if the user asked for that; by HTTP status. */
	insteadOf?(httpCode: string, parameters: ItemParameters): IDataObject[] | undefined;
	/** The order number or the like under which this is created at most once, '' if there is none. */
	uniqueKey?(parameters: ItemParameters): string;
	/** Fields of the request that differ from one try of an execution to the next. */
	perTry?: string[];
	/** Whether the execution waits until the invoices are paid. */
	waits?: boolean;
}
