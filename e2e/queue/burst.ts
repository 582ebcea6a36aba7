import { listening, paidInvoices, tell, type Receiver } from './world';

/** Payments told of in one moment; `SAFEPAYS_E2E_BURST` has another number of them sent. */
const PAYMENTS = Number(process.env.SAFEPAYS_E2E_BURST ?? 300);

/** Many payments in one moment, each told of once: what n8n or the trigger turns away is lost. */
export function burst(): void {
	it(`of ${PAYMENTS} different payments in one moment, each told once, the trigger turns none away, and the workflow runs once for each that n8n took`, async () => {
		const receiver = await listening();
		const invoices = paidInvoices(PAYMENTS);
		const startedAt = performance.now();
		const answers = await Promise.all(
			invoices.map(async (invoice, n) => await receiver.notify(invoice, n)),
		);
		const answeredIn = secondsSince(startedAt);
		const of = (wanted: (answer: Answer) => boolean) => answers.filter(wanted).length;
		const taken = of(({ status }) => status === 200);
		const turnedAway = of(({ status }) => status === 503);
		tell(
			`queue mode, burst of ${PAYMENTS}: ${taken} answered 200 (${of(isPending)} pending), ` +
				`${turnedAway} turned away by the trigger, ${PAYMENTS - taken - turnedAway} by n8n, ` +
				`the last after ${answeredIn}`,
		);
		const { times, executions } = await receiver.passedOn(invoices);
		tell(
			`queue mode, burst of ${PAYMENTS}: ${executions} executions, done after ${secondsSince(startedAt)}; ` +
				`${times.filter((count) => count === 1).length} passed on once`,
		);
		const lost = answers.filter(({ status }, n) => status === 200 && times[n] === 0).length;
		const twice = times.filter((count) => count > 1).length;
		expect({ turnedAway, lost, twice }).toEqual({ turnedAway: 0, lost: 0, twice: 0 });
	}, 600_000);
}

type Answer = Awaited<ReturnType<Receiver['notify']>>;

function isPending({ status, body }: Answer): boolean {
	return status === 200 && (body as { pending?: boolean }).pending === true;
}

function secondsSince(startedAt: number): string {
	return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
