import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { STATUS } from './read';

/** Waiting executions that a process remembers; of others it asks the API again. */
const MAX_EXECUTIONS = 1_000;

const FINAL: Record<string, readonly string[]> = {
	paid: [STATUS.paid],
	paidOrFailed: [STATUS.paid, STATUS.failed],
};

const byExecution = new Map<string, FinalInvoices>();

/**
 * Which invoices of a waiting execution are known to be final. Kept in the process's memory alone,
 * since n8n saves nothing of a notification that does not resume: after a restart, or in another
 * process, the API is asked again.
 */
export class FinalInvoices {
	/** Whether the execution was told to go on; notifications after that have nothing to do. */
	resumed = false;

	private readonly known = new Map<string, IDataObject>();

	private constructor(private readonly finalStatuses: readonly string[]) {}

	/** @param resumeOn `paid` or `paidOrFailed` */
	static of(executionId: string, resumeOn: string): FinalInvoices {
		const found = byExecution.get(executionId) ?? new FinalInvoices(FINAL[resumeOn] ?? FINAL.paid);
		byExecution.set(executionId, found);
		const [oldest] = byExecution.keys();
		if (byExecution.size > MAX_EXECUTIONS) byExecution.delete(oldest);
		return found;
	}

	has(invoiceId: string): boolean {
		return this.known.has(invoiceId);
	}

	/** Takes note of an invoice as the API gives it. @returns whether it is final */
	note(invoice: IDataObject): boolean {
		const final = this.finalStatuses.includes(String(invoice.status));
		if (final) this.known.set(String(invoice.id).toLowerCase(), invoice);
		return final;
	}

	/**
	 * Whether all invoices are final. Those not known to be are asked for one after the other, up to
	 * the first that is not: a batch of fifty costs a notification two requests, not fifty.
	 *
	 * @param invoices as stored with the execution; error items count as final
	 * @param ask gives the invoice as it is now, or undefined if that cannot be found out
	 */
	async areAll(
		invoices: IDataObject[],
		ask: (invoiceId: string) => Promise<IDataObject | undefined>,
	): Promise<'yes' | 'no' | 'unknown'> {
		for (const stored of invoices) {
			if ('error' in stored || this.has(idOf(stored)) || this.note(stored)) continue;
			const invoice = await ask(idOf(stored));
			if (!invoice) return 'unknown';
			if (!this.note(invoice)) return 'no';
		}
		return 'yes';
	}

	/** The output items, in input order: the API's invoices, and error items as they are. */
	outputs(invoices: IDataObject[]): INodeExecutionData[] {
		return invoices.map((stored, item) => {
			const { timedOut: _atTimeOut, ...created } = stored;
			const json =
				'error' in stored ? stored : { ...created, ...this.known.get(idOf(stored)), timedOut: false };
			return { json, pairedItem: { item } };
		});
	}
}

function idOf(invoice: IDataObject): string {
	return String(invoice.id).toLowerCase();
}
