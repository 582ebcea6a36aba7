import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Invoice } from '../../sandbox';
import { pool } from '../../tools/harness/pool';
import { node, noOp, webhook } from '../../tools/harness/workflow';
import { listening, paidInvoices, queueWorld, receiver, tell, type Receiver } from './world';

/** `SAFEPAYS_E2E_NOTIFICATIONS` has more of them sent; 1,000 take about two minutes. */
const NOTIFICATIONS = Number(process.env.SAFEPAYS_E2E_NOTIFICATIONS ?? 300);
/** To find out what n8n's own Webhook node sustains. */
const MEASURED = 100;
/** Notifications on their way at the same time, four to each webhook processor. */
const SENDERS = 8;
const WARM_UP = 16;
const SHARE = 2 / 3;

/** By so many senders, each sending the next when the last was answered. @returns the answers other than 200 */
async function send(to: Receiver, invoices: Invoice[]): Promise<number[]> {
	const numbered = invoices.map((invoice, n) => ({ invoice, n }));
	const statuses = await pool(
		numbered,
		SENDERS,
		async ({ invoice, n }) => (await to.notify(invoice, n)).status,
	);
	return statuses.filter((status) => status !== 200);
}

/** Notifications a second that a workflow takes, its executions included, if it answers each with 200. */
async function sustainedBy(to: Receiver): Promise<number> {
	await send(to, paidInvoices(WARM_UP));
	await to.ended();
	const startedAt = performance.now();
	expect(await send(to, paidInvoices(MEASURED))).toEqual([]);
	await to.ended();
	return (MEASURED * 1000) / (performance.now() - startedAt);
}

/** n8n's Webhook node, which believes what it is sent. */
async function bareWebhook(): Promise<Receiver> {
	const path = randomUUID();
	return await receiver([webhook(path), noOp('Paid')], path);
}

/** n8n's Webhook node with the SafePays API asked behind it, as the SafePays Trigger asks it. */
async function webhookThatAsks(): Promise<Receiver> {
	const path = randomUUID();
	const { credentialId: credential, sandbox } = queueWorld();
	const ask = node(
		'n8n-nodes-base.httpRequest',
		'Ask SafePays',
		{
			url: `=${sandbox.url}/api/v2/invoice/{{ $json.body.invoice.id }}`,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: 'safePaysApi',
			options: {},
		},
		{ credential, typeVersion: 4.2 },
	);
	return await receiver([webhook(path), ask, noOp('Paid')], path);
}

/** Notifications at a rate that n8n's own Webhook node could take. */
export function rate(): void {
	it(`${NOTIFICATIONS} notifications at two thirds of the Webhook node's rate are all answered 200, and run the workflow once each`, async () => {
		const bare = await sustainedBy(await bareWebhook());
		const asking = await sustainedBy(await webhookThatAsks());
		const perSecond = asking * SHARE;
		const trigger = await listening();
		await send(trigger, paidInvoices(WARM_UP));
		await trigger.ended();

		const invoices = paidInvoices(NOTIFICATIONS);
		const times: number[] = [];
		const startedAt = performance.now();
		const answers = await Promise.all(
			invoices.map(async (invoice, n) => {
				await sleep(Math.max(0, (n * 1000) / perSecond));
				const sentAt = performance.now();
				const answer = await trigger.notify(invoice, n);
				times.push(performance.now() - sentAt);
				return answer;
			}),
		);
		const seconds = (performance.now() - startedAt) / 1000;
		const passedOn = await trigger.passedOn(invoices);
		times.sort((a, b) => a - b);
		const share = (of: number) => `${Math.round(times[Math.ceil(times.length * of) - 1])} ms`;
		const others = answers.filter(({ status }) => status !== 200);
		tell(
			`queue mode, rate: Webhook node ${bare.toFixed(1)}/s, Webhook node that asks SafePays ${asking.toFixed(1)}/s; ` +
				`SafePays Trigger: ${NOTIFICATIONS} in ${seconds.toFixed(0)} s (${perSecond.toFixed(1)}/s), ` +
				`${others.length} answers other than 200, half answered within ${share(0.5)}, 99 % within ${share(0.99)}, ` +
				`${passedOn.executions - WARM_UP} executions`,
		);
		expect(others).toEqual([]);
		expect(passedOn.times.filter((count) => count !== 1)).toEqual([]);
		expect(passedOn.executions).toBe(NOTIFICATIONS + WARM_UP);
	}, 600_000);
}
