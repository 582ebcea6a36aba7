import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { createProcessMap } from '../../../processMemory';
import type { InvoiceStatus } from '../../../transport/records';
import { INVOICE_STATUS, parseInvoiceStatus } from '../../../transport/records';
import type { Verdict } from '../../../webhooks/verify';

/** Waits that a process remembers; for others it asks the API again. */
const MAX_WAITS = 1_000;

/** What "Resume On" means: the statuses after which an invoice is not waited for any more. */
const FINAL_STATUSES = {
	paid: [INVOICE_STATUS.paid],
	paidOrFailed: [INVOICE_STATUS.paid, INVOICE_STATUS.failed],
} satisfies Record<string, InvoiceStatus[]>;

export type ResumeOn = keyof typeof FINAL_STATUSES;

const waits = createProcessMap<FinalInvoices>(
	MAX_WAITS,
	'executions that wait: which of their invoices are known to be final',
);

/**
 * Which invoices of a waiting execution are known to be final. An execution may wait several times,
 * in a loop or at several nodes, each time for other invoices. Kept in the process's memory alone,
 * since n8n saves nothing of a notification that does not resume: after a restart, or in another
 * process, the API is asked again.
 */
export class FinalInvoices {
	/** Whether the execution was resumed from this wait; notifications after that have nothing to do. */
	resumed = false;

	/** What is waited for. */
	readonly ids: string[];
	private readonly known = new Map<string, IDataObject>();

	/** @param items what the node hands out, in input order: invoices, and errors, which are not waited for */
	private constructor(
		private readonly items: IDataObject[],
		private readonly finalStatuses: InvoiceStatus[],
	) {
		this.ids = [...new Set(items.filter(isInvoice).map(getId))];
	}

	/** Begins a wait. @param items with the invoices as the API has just given them */
	static begin(executionId: string, items: IDataObject[], resumeOn: ResumeOn): FinalInvoices {
		const final = new FinalInvoices(items, FINAL_STATUSES[resumeOn]);
		waits.set(nameWait(executionId, items, resumeOn), final);
		for (const invoice of items.filter(isInvoice)) final.note(invoice);
		return final;
	}

	/** A wait that has begun, in this process or another. @param items as stored with the execution */
	static find(executionId: string, items: IDataObject[], resumeOn: ResumeOn): FinalInvoices {
		const found = waits.get(nameWait(executionId, items, resumeOn));
		return found ?? FinalInvoices.begin(executionId, items, resumeOn);
	}

	/** Those that are not known to be final. */
	get openIds(): string[] {
		return this.ids.filter((id) => !this.known.has(id));
	}

	/**
	 * Whether a notification says nothing new, so that the API need not be asked. Paid is final for
	 * good; what has failed may still be paid.
	 */
	settles(id: string, status: InvoiceStatus | undefined): boolean {
		const known = parseInvoiceStatus(this.known.get(id)?.status);
		return known !== undefined && (known === INVOICE_STATUS.paid || known === status);
	}

	/** Takes note of an invoice as the API gives it. @returns whether it is final */
	note(invoice: IDataObject): boolean {
		const status = parseInvoiceStatus(invoice.status);
		const final = status !== undefined && this.finalStatuses.includes(status);
		if (final) this.known.set(getId(invoice), invoice);
		return final;
	}

	/**
	 * Whether all invoices are final. Those not known to be are asked for one after the other, up to
	 * the first that is not: a batch of fifty costs a notification two requests, not fifty.
	 */
	async areAllFinal(
		ask: (invoiceId: string) => Promise<Verdict | undefined>,
	): Promise<'yes' | 'no' | 'unknown'> {
		for (const id of this.openIds) {
			const verdict = await ask(id);
			// Another notification may have settled it meanwhile.
			if (this.known.has(id)) continue;
			if (verdict?.kind === 'confirmed' && this.note(verdict.invoice)) continue;
			const isOpen = verdict && ['confirmed', 'created', 'unknown'].includes(verdict.kind);
			return isOpen ? 'no' : 'unknown';
		}
		return 'yes';
	}

	/** The output items, in input order: the API's invoices, and errors as they are. */
	createOutputs(): INodeExecutionData[] {
		return this.items.map((json, item) => ({
			json: isInvoice(json) ? { ...this.known.get(getId(json)), timedOut: false } : json,
			pairedItem: { item },
		}));
	}
}

/** Whether an item's JSON is an invoice, or else that of an error. */
export function isInvoice(json: IDataObject): boolean {
	return json.id !== undefined;
}

function nameWait(executionId: string, items: IDataObject[], resumeOn: ResumeOn): string {
	return [executionId, resumeOn, ...items.map(getId)].join();
}

function getId(invoice: IDataObject): string {
	return String(invoice.id).toLowerCase();
}
