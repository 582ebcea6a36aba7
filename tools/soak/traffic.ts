import { randomUUID } from 'node:crypto';

import type { Sandbox } from '../../sandbox';
import { seededRandom } from '../../sandbox/random';
import { pool } from '../harness/pool';
import { post } from '../harness/post';
import type { Active, Kind } from './workflows';
import { TIMEOUT } from './workflows';

/** What one slice of traffic consists of: always the same amount, in another order. */
const SLICE: Record<Kind, number> = {
	create: 4,
	createOrStop: 4,
	createOnce: 4,
	get: 4,
	wait: 3,
	waitShortly: 1,
	paid: 12,
};
const ITEMS = 5;
/** Invoices that one execution waits for. */
const WAITED = 2;
const AT_ONCE = 5;
const DUPLICATES = 0.2;
const FORGERIES = 0.05;
/** How many of the waits nobody pays. */
const LEFT = 0.3;
/** How many of the unique keys have been used before. */
const KEPT_KEYS = 0.4;

interface Bill {
	email: string;
	amount: number;
	/** An order number. */
	key?: string;
}

/** What was asked of n8n, for the books. */
export interface Asked {
	/** By e-mail address, which no two bills share unless they share a key. */
	bills: Map<string, { kind: Kind; bill: Bill }>;
	/** The invoices that the trigger was told of and that are paid. */
	paid: Set<string>;
	/** Those that it was told are paid, and are not. */
	forged: Set<string>;
	/** E-mail addresses of waits that are paid, and of those that nobody pays. */
	waits: { paid: string[][]; left: string[][]; short: string[][] };
	notifications: number;
	duplicates: number;
}

/** Mixed traffic, the same for the same seed. */
export class Traffic {
	readonly asked: Asked = {
		bills: new Map(),
		paid: new Set(),
		forged: new Set(),
		waits: { paid: [], left: [], short: [] },
		notifications: 0,
		duplicates: 0,
	};

	private readonly random: () => number;

	private count = 0;

	private readonly known: string[] = [];

	/** @param payable the invoices of a bill that its execution waits for, once it does */
	constructor(
		private readonly sandbox: Sandbox,
		private readonly workflows: Record<Kind, Active>,
		private readonly payable: (emails: string[], workflowId: string) => Promise<string[]>,
		seed: number,
	) {
		this.random = seededRandom(seed);
		for (let n = 0; n < 20; n++)
			this.known.push(this.invoice({ email: 'known@example.com', amount: 1 + n }));
	}

	/** Works off one slice; resolves when nothing of it is left to do but to wait. */
	async slice(): Promise<void> {
		const kinds = (Object.keys(SLICE) as Kind[]).flatMap((kind) =>
			Array<Kind>(SLICE[kind]).fill(kind),
		);
		const shuffled = kinds
			.map((kind) => ({ kind, place: this.random() }))
			.sort((a, b) => a.place - b.place);
		// drawn before any of it starts, since what takes how long is not the seed's to say
		const work = shuffled.map(({ kind }) => this.draw(kind));
		await pool(work, AT_ONCE, async (begin) => await begin());
	}

	private draw(kind: Kind): () => Promise<void> {
		if (kind === 'paid') return this.drawPayment();
		if (kind === 'get') {
			const items = Array.from({ length: ITEMS }, () => ({
				id: this.known[Math.floor(this.random() * this.known.length)],
			}));
			return async () => await this.call(kind, items);
		}
		const waits = kind.startsWith('wait');
		const bills = Array.from({ length: waits ? WAITED : ITEMS }, () => this.bill(kind));
		if (!waits) return async () => await this.call(kind, bills);
		const emails = bills.map(({ email }) => email);
		const left = kind === 'wait' && this.random() < LEFT;
		this.asked.waits[kind === 'waitShortly' ? 'short' : left ? 'left' : 'paid'].push(emails);
		return async () => {
			await this.call(kind, bills);
			const invoices = await this.payable(emails, this.workflows[kind].id);
			if (kind === 'waitShortly') return;
			await this.forge(emails, left);
			if (!left) for (const id of invoices) await this.sandbox.pay(id);
		};
	}

	private bill(kind: Kind): Bill {
		const earlier = Math.floor(this.random() * 30);
		if (kind === 'createOnce' && this.random() < KEPT_KEYS) {
			const before = [...this.asked.bills.values()]
				.filter((asked) => asked.kind === kind)
				.at(-1 - earlier);
			if (before) return before.bill;
		}
		const number = ++this.count;
		const email = `payer${number}@example.com`;
		const bill = {
			email,
			amount: 1 + (number % 500),
			...(kind === 'createOnce' && { key: `order-${number}` }),
		};
		this.asked.bills.set(email, { kind, bill });
		return bill;
	}

	/** An invoice that is paid and whose notification starts a workflow, or one that is said to be. */
	private drawPayment(): () => Promise<void> {
		const { url } = this.workflows.paid;
		const forged = this.random() < FORGERIES;
		const real = this.random() < 0.5;
		const twice = this.random() < DUPLICATES;
		const atOnce = this.random() < 0.5;
		return async () => {
			const id =
				forged && !real
					? randomUUID()
					: this.invoice({ email: 'trigger@example.com', amount: 10, webhook_url: url });
			this.asked.notifications++;
			if (forged) {
				this.asked.forged.add(id);
				await this.notify(url, id);
				return;
			}
			this.asked.paid.add(id);
			if (twice) this.asked.duplicates++;
			const paid = this.sandbox.pay(id);
			if (!atOnce) await paid;
			if (twice) await this.notify(url, id);
			await paid;
		};
	}

	/** Tells a waiting execution of invoices that are not its own, or not paid. */
	private async forge(emails: string[], left: boolean): Promise<void> {
		const [own] = [...this.sandbox.books.invoices.values()].filter(({ email }) =>
			emails.includes(email),
		);
		if (!own?.webhookUrl) return;
		await this.notify(own.webhookUrl, this.known[0]);
		if (left) await this.notify(own.webhookUrl, own.id);
	}

	private async notify(url: string, id: string): Promise<void> {
		await post(url, { invoice: { id, status: 'Paid' } });
	}

	private async call(kind: Kind, items: object[]): Promise<void> {
		await post(this.workflows[kind].url, { items });
	}

	private invoice(fields: Record<string, unknown>): string {
		return this.sandbox.books.createInvoice(this.sandbox.apiKey, fields).id;
	}
}

/** What goes wrong in a soak, all the time. */
export function letThingsGoWrong(sandbox: Sandbox): void {
	const retryAfter = { headers: { 'Retry-After': '1' } };
	sandbox.addFault({ kind: 'status', status: 429, probability: 0.01, ...retryAfter });
	sandbox.addFault({ kind: 'status', status: 502, probability: 0.02 });
	sandbox.addFault({ kind: 'status', status: 500, probability: 0.02, afterProcessing: true });
	sandbox.addFault({ kind: 'resetBefore', probability: 0.02 });
	sandbox.addFault({ kind: 'resetAfter', probability: 0.02 });
	sandbox.addFault({ kind: 'slow', ms: TIMEOUT * 1500, probability: 0.01 });
	sandbox.addFault({ kind: 'html', probability: 0.01 });
	sandbox.addFault({ kind: 'brokenJson', probability: 0.01, afterProcessing: true });
	sandbox.addFault({ kind: 'status', status: 400, probability: 0.01, on: { method: 'POST' } });
}
