import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';

import { nodeKey } from '../memory/nodeKey';
import { STATUS } from './read';

/** Events that a process remembers for each trigger; past that the oldest are forgotten. */
const MAX_IN_PROCESS = 20_000;
/** Events kept in the workflow's static data, which n8n reads and writes whole with each notification. */
const MAX_STORED = 1_000;
const STATIC_DATA_KEY = 'events';

/** For each trigger: event → whether it was passed on; false if it had to be taken back. */
const inProcess = new Map<string, Map<string, boolean>>();

/**
 * The first line against duplicates, without an execution: which events (an invoice and a status)
 * this trigger has passed on. In the process's memory against copies of the same moment, in static
 * data across restarts, of which n8n 2.41 saves only the first event. What gets past it is stopped by
 * the trigger's `execute()`.
 */
export class PassedEvents {
	private readonly memory: Map<string, boolean>;

	private readonly staticData: IDataObject;

	constructor(context: IWebhookFunctions) {
		const name = nodeKey(context);
		this.memory = inProcess.get(name) ?? new Map<string, boolean>();
		inProcess.set(name, this.memory);
		this.staticData = context.getWorkflowStaticData('node');
	}

	/** Whether a notification says nothing new, so that the API need not be asked. Paid is final. */
	settles(invoiceId: string, status: string): boolean {
		return this.has(invoiceId, STATUS.paid) || (status !== '' && this.has(invoiceId, status));
	}

	/** @returns whether the event is new: the caller passes it on, and nobody else */
	claim(invoiceId: string, status: string): boolean {
		if (this.has(invoiceId, status)) return false;
		const event = eventName(invoiceId, status);
		this.note(event, true);
		const others = this.stored().filter((stored) => stored !== event);
		this.staticData[STATIC_DATA_KEY] = [...others, event].slice(-MAX_STORED);
		return true;
	}

	/** Takes an event back that could not be passed on after all, so that SafePays' next try is. */
	takeBack(invoiceId: string, status: string): void {
		this.note(eventName(invoiceId, status), false);
	}

	private note(event: string, passedOn: boolean): void {
		this.memory.set(event, passedOn);
		const [oldest] = this.memory.keys();
		if (this.memory.size > MAX_IN_PROCESS) this.memory.delete(oldest);
	}

	private has(invoiceId: string, status: string): boolean {
		const event = eventName(invoiceId, status);
		return this.memory.get(event) ?? this.stored().includes(event);
	}

	private stored(): string[] {
		const events = this.staticData[STATIC_DATA_KEY];
		return Array.isArray(events) ? (events as string[]) : [];
	}
}

function eventName(invoiceId: string, status: string): string {
	return `${invoiceId}:${status}`;
}
