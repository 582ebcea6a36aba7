import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { STATUS } from './read';

/** Waits that a process remembers; of others it asks the API again. */
const MAX_WAITS = 1_000;

const FINAL: Record<string, readonly string[]> = {
	paid: [STATUS.paid],
	paidOrFailed: [STATUS.paid, STATUS.failed],
};

const byWait = new Map<string, FinalInvoices>();

/**
 * Which invoices of a waiting execution are known to be final. An execution may wait several times,
 * in a loop or at several nodes, each time for other invoices. Kept in the process's memory alone,
 * since n8n saves nothing of a notification that does not resume: after a restart, or in another
 * process, the API is asked again.
 */
export class FinalInvoices {
	/** Whether the execution was told to go on from this wait; notifications after that have nothing to do. */
	resumed = false;

	private readonly known = new Map<string, IDataObject>();

	private constructor(private readonly finalStatuses: readonly string[]) {}

	/**
	 * @param invoices all that the execution waits for, as stored with it
	 * @param resumeOn `paid` or `paidOrFailed`
	 */
	static of(executionId: string, invoices: IDataObject[], resumeOn: string): FinalInvoices {
		const wait = [executionId, resumeOn, ...invoices.map(idOf)].join();
		const found = byWait.get(wait) ?? new FinalInvoices(FINAL[resumeOn] ?? FINAL.paid);
		byWait.set(wait, found);
		const [oldest] = byWait.keys();
		if (byWait.size > MAX_WAITS) byWait.delete(oldest);
		return found;
	}

	/**
	 * Whether a notification says nothing new, so that the API need not be asked. Paid is final for
	 * good; what has failed may still be paid.
	 */
	settles(invoiceId: string, status: string): boolean {
		const known = this.known.get(invoiceId)?.status;
		return known === STATUS.paid || (known !== undefined && known === status);
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
			if ('error' in stored || this.known.has(idOf(stored)) || this.note(stored)) continue;
			const invoice = await ask(idOf(stored));
			if (!invoice) return 'unknown';
			if (!this.note(invoice)) return 'no';
		}
		return 'yes';
	}

	/** The output items, in input order: the API's invoices, and error items as they are. */
	outputs(invoices: IDataObject[]): INodeExecutionData[] {
		return invoices.map((stored, item) => {
			const reused = stored.reused === true ? { reused: true } : {};
			const json =
				'error' in stored ? stored : { ...this.known.get(idOf(stored)), ...reused, timedOut: false };
			return { json, pairedItem: { item } };
		});
	}
}

function idOf(invoice: IDataObject): string {
	return String(invoice.id).toLowerCase();
}
