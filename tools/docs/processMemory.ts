// What the node classes run. These themselves cannot be imported here: there is a JSON file of the
// same name beside each.
import '../../nodes/SafePays/actions/router';
import '../../nodes/SafePays/actions/invoice/waitForPayment/resume';
import '../../nodes/SafePays/webhooks/triggerWebhook';
import { listProcessMemory } from '../../nodes/SafePays/processMemory';
import { table } from './markdown';

/** What an n8n process remembers of the nodes from one call to the next. */
export function processMemoryTable(): string {
	const rows = listProcessMemory().map(({ what, max }) => [
		what,
		max?.toLocaleString('en-US') ?? 'those in use',
	]);
	return table(['What', 'At most'], rows.sort());
}
