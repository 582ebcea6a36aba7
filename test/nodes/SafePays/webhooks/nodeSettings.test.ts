import { activated } from '../../../engine/activate';

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

	it.each([
		[{ alwaysOutputData: true }],
		[{ onError: 'continueRegularOutput' as const }],
		[{ onError: 'continueErrorOutput' as const }],
		[{ continueOnFail: true }],
	])('with the settings %j warns that they can lose payments', async (settings) => {
		const { log, registered } = await activated('https://n8n.example.com', REAL, settings);
		expect(registered).toBe(true);
		expect(log).toHaveLength(1);
		expect(log[0]).toContain('"Always Output Data"');
		expect(log[0]).toContain('"SafePays Trigger"');
	});

	it('with the settings of a new node warns of nothing', async () => {
		const settings = { alwaysOutputData: false, onError: 'stopWorkflow' as const };
		expect((await activated('https://n8n.example.com', REAL, settings)).log).toEqual([]);
	});
});
