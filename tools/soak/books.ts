import type { IDataObject } from 'n8n-workflow';

import type { Sandbox } from '../../sandbox';
import type { Execution, ExecutionStatus, N8nClient } from '../harness/client';
import { ENDED, getError, getItems } from '../harness/client';
import type { Asked } from './traffic';
import type { Active, Kind } from './workflows';
import { AFTER, CALL, CREATE, KINDS } from './workflows';

/** An execution as the books keep it. */
interface Entry {
	kind: Kind;
	status: ExecutionStatus;
	/** What came out of the node that calls SafePays. */
	items: IDataObject[];
	/** What came out of a node before it that creates what is waited for. */
	created: IDataObject[];
	/** How often the node behind it ran. */
	after: number;
	/** All that a person can read of an error. */
	words: string;
	/** The execution as n8n keeps it. */
	text: string;
}

/** Every execution, read once it has ended or waits. */
export class Executions {
	readonly entries = new Map<string, Entry>();

	private readonly kinds = new Map<string, Kind>();

	private read = 0;

	/** Not saved yet, or of the table of unique keys, of which n8n keeps nothing. */
	private readonly missing = new Set<string>();

	constructor(
		private readonly client: N8nClient,
		workflows: Record<Kind, Active>,
	) {
		for (const kind of KINDS) this.kinds.set(workflows[kind].id, kind);
	}

	/** Reads those that are new. */
	async readNew(): Promise<void> {
		const ids = await this.client.listExecutionIds();
		for (const id of ids.slice(this.read)) await this.readOne(id);
		this.read = ids.length;
	}

	/** Reads again those that had not ended. */
	async readOpen(): Promise<void> {
		for (const id of [...this.missing]) await this.readOne(id);
		for (const [id, { status }] of this.entries) {
			if (!ENDED.includes(status)) await this.readOne(id);
		}
	}

	/** @returns the entry of the execution that has these bills, once it waits or has ended */
	async settled(workflowId: string, emails: string[]): Promise<Entry | undefined> {
		const list = await this.client.listExecutions({ workflowId });
		for (const { id, status } of list) {
			if (this.entries.get(id)?.status !== status) await this.readOne(id);
		}
		return this.all().find(
			({ status, text }) =>
				(status === 'waiting' || ENDED.includes(status)) && text.includes(`"${emails[0]}"`),
		);
	}

	all(): Entry[] {
		return [...this.entries.values()];
	}

	private async readOne(id: string): Promise<void> {
		const execution = await this.client.findExecution(id);
		if (execution) {
			this.missing.delete(id);
			this.note(execution);
		} else {
			this.missing.add(id);
			this.entries.delete(id);
		}
	}

	private note(execution: Execution): void {
		const kind = this.kinds.get(execution.workflowId);
		if (!kind) return;
		const error = getError(execution, CALL);
		this.entries.set(execution.id, {
			kind,
			status: execution.status,
			items: getItems(execution, kind === 'paid' ? AFTER : CALL),
			created: getItems(execution, CREATE),
			after: execution.data.resultData.runData[AFTER]?.length ?? 0,
			words: error ? `${error.message}\n${error.description ?? ''}` : '',
			text: JSON.stringify(execution.data),
		});
	}
}

/** What the books say: how many of each, and what must not be. */
export interface Audit {
	counts: Record<string, number>;
	/** Empty if all is as it was promised. */
	wrong: string[];
}

/** Compares what SafePays has with what n8n handed out or told. */
export function audit({ books }: Sandbox, asked: Asked, executions: Executions): Audit {
	const counts: Record<string, number> = {};
	const wrong: string[] = [];
	const count = (what: string) => (counts[what] = (counts[what] ?? 0) + 1);
	const entries = executions.all();

	const invoicesOf = new Map<string, string[]>();
	for (const { id, email } of books.invoices.values())
		invoicesOf.set(email, [...(invoicesOf.get(email) ?? []), id]);
	const handedOut = new Map<string, Array<{ kind: Kind; item: IDataObject }>>();
	const errors = new Map<string, string[]>();
	for (const { kind, status, items, created, words, text } of entries) {
		const emails = items.map(({ email }) => email);
		// What was created and could then not be asked about is in the output of Create alone.
		for (const item of [...items, ...created.filter(({ email }) => !emails.includes(email))]) {
			if (typeof item.email === 'string')
				handedOut.set(item.email, [...(handedOut.get(item.email) ?? []), { kind, item }]);
		}
		// an execution that waits keeps its failed items until it goes on
		const failed =
			status === 'waiting'
				? [text]
				: [...items, ...created].filter(({ error }) => error).map((item) => JSON.stringify(item));
		const told = [...failed, words].join('\n');
		for (const [, email] of told.matchAll(/to (payer\d+@example\.com), sent/g))
			errors.set(email, [...(errors.get(email) ?? []), told]);
	}
	const allWords = entries.map(({ words }) => words).join('\n');

	for (const [email, { kind, bill }] of asked.bills) {
		const ids = invoicesOf.get(email) ?? [];
		const items = handedOut.get(email) ?? [];
		if (ids.length > 1) wrong.push(`${kind} ${email}: ${ids.length} invoices`);
		if (items.some(({ item }) => !ids.includes(String(item.id))))
			wrong.push(`${kind} ${email}: an invoice that is not there`);
		if (!bill.key && items.length > 1)
			wrong.push(`${kind} ${email}: handed out ${items.length} times`);
		if (items.filter(({ item }) => !item.reused).length > 1)
			wrong.push(`${kind} ${email}: handed out as new more than once`);
		if (items.length > 0) count('invoices handed out');
		else if (ids.length > 0 && allWords.includes(ids[0])) count('invoices named in an error');
		else if (errors.has(email))
			count(ids.length > 0 ? 'invoices told of as unconfirmed' : 'unconfirmed, not there');
		else if (ids.length === 0) count('not created');
		else if (!isStillWaitedFor(ids[0])) wrong.push(`${kind} ${email}: nobody is told of ${ids[0]}`);
		else count('invoices waited for');
	}
	function isStillWaitedFor(id: string): boolean {
		return entries.some(({ status, text }) => status === 'waiting' && text.includes(id));
	}

	const events = new Map<string, number>();
	for (const { kind, items } of entries) {
		if (kind !== 'paid') continue;
		for (const { invoice } of items) {
			const id = String((invoice as IDataObject).id);
			events.set(id, (events.get(id) ?? 0) + 1);
		}
	}
	for (const id of asked.paid) {
		count('paid invoices');
		if (events.get(id) !== 1) wrong.push(`paid ${id}: ran ${events.get(id) ?? 0} times`);
	}
	for (const id of asked.forged) {
		count('forgeries');
		if (events.has(id)) wrong.push(`forged ${id}: ran`);
	}

	for (const [what, list] of Object.entries(asked.waits)) {
		for (const emails of list) {
			count(`waits ${what}`);
			const problem = wrongWait(
				what,
				entries.find(({ text }) => text.includes(`"${emails[0]}"`)),
			);
			if (problem) wrong.push(`wait ${what} ${emails.join()}: ${problem}`);
		}
	}
	return { counts, wrong };
}

/** What is wrong with an execution that was to wait; an item that failed is not waited for. */
function wrongWait(what: string, entry: Entry | undefined): string | undefined {
	if (!entry) return 'there is no execution';
	const { status, items, after, text } = entry;
	const good = items.filter(({ error }) => error === undefined);
	if (status === 'waiting') return what === 'left' && after === 0 ? undefined : 'still waits';
	if (status !== 'success') return `ended with ${status}`;
	// all items failed, so that there was nothing to wait for
	if (good.length === 0 && !text.includes('timedOut')) return undefined;
	if (after !== 1) return `went on ${after} times`;
	if (what === 'left') return 'went on';
	const timedOut = what === 'short';
	if (good.some((item) => item.timedOut !== timedOut))
		return timedOut ? 'went on before its time' : 'timed out';
	if (!timedOut && good.some((item) => item.status !== 'Paid')) return 'went on unpaid';
	return undefined;
}
