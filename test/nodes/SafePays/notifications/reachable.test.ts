import { LoadOptionsContext } from 'n8n-core';
import type { INode, INodeType } from 'n8n-workflow';

import { SafePaysTrigger } from '../../../../nodes/SafePays/SafePaysTrigger.node';
import type { World } from '../../../engine';
import { additionalDataFor, workflowOf } from '../../../engine';
import { activated } from '../../../engine/activate';
import { triggerWorkflow } from '../../../engine/webhook';

/** What the trigger's panel shows as its address. */
async function shownAddress(n8nUrl: string, baseUrl: string): Promise<string> {
	const world: World = { baseUrl: n8nUrl, credentials: { apiKey: 'the-secret-key', baseUrl } };
	const json = triggerWorkflow();
	const workflow = workflowOf(world, json);
	const node = Object.values(workflow.nodes)[0] as INode;
	const trigger: INodeType = new SafePaysTrigger();
	const field = trigger.description.properties.find(({ name }) => name === 'notificationAddress');
	const load = trigger.methods?.loadOptions?.[field?.typeOptions?.loadOptionsMethod ?? ''];
	const context = new LoadOptionsContext(workflow, node, additionalDataFor(world, json), field?.name ?? '');
	const shown = (await load?.call(context)) ?? [];
	// the panel shows the entry that has the field's value
	expect(shown.map(({ value }) => value)).toEqual([field?.default]);
	return shown[0].name;
}

const REAL = 'https://app.safepays.com';
const SANDBOX = 'http://127.0.0.1:4010';

describe('Activating a workflow with the trigger', () => {
	it.each(['http://localhost:5678', 'http://192.168.0.7:5678', 'http://n8n:5678'])(
		'at %s warns in the log that the real SafePays cannot come there, and how to change that',
		async (n8nUrl) => {
			const { log, registered } = await activated(n8nUrl, REAL);
			expect(registered).toBe(true);
			expect(log).toHaveLength(1);
			expect(log[0]).toContain(n8nUrl);
			expect(log[0]).toContain('WEBHOOK_URL');
			expect(log[0]).not.toContain('the-secret-key');
		},
	);

	it.each([
		['a public n8n with the real SafePays', 'https://n8n.example.com', REAL],
		['a public n8n with a credential that names no Base URL', 'https://n8n.example.com', ''],
		['a local n8n with the local sandbox', 'http://localhost:5678', SANDBOX],
	])('has nothing to warn of: %s', async (_what, n8nUrl, baseUrl) => {
		expect(await activated(n8nUrl, baseUrl)).toEqual({ log: [], registered: true });
	});

	it('takes an empty Base URL for the real SafePays', async () => {
		expect((await activated('http://localhost:5678', '')).log).toHaveLength(1);
	});
});

describe("The trigger's panel", () => {
	it('warns that the real SafePays cannot reach a private address', async () => {
		const shown = await shownAddress('http://localhost:5678', REAL);
		expect(shown).toBe('⚠ SafePays cannot reach http://localhost:5678');
	});

	it.each([
		['https://n8n.example.com', REAL],
		['http://localhost:5678', SANDBOX],
	])('shows the address %s that %s can reach', async (n8nUrl, baseUrl) => {
		expect(await shownAddress(n8nUrl, baseUrl)).toBe(n8nUrl);
	});
});
