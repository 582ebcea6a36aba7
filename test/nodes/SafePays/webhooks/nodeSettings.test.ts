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

	it.each(['safepays', '/shop/safepays/', 'bezahlt für 1..2', 'a.b'])(
		'with the Path %j is right',
		async (path) => {
			const { registered } = await activated('https://n8n.example.com', REAL, {}, { path });
			expect(registered).toBe(true);
		},
	);

	it.each([
		['nothing', ''],
		['slashes alone', '//'],
		['what n8n puts before it, behind slashes', '//webhook/safepays'],
		['a whole address', 'https://n8n.example.com/webhook/safepays'],
		['what n8n puts before it', 'webhook/safepays'],
		['a query', 'safepays?shop=1'],
		['a part that n8n puts an ID of its own before', 'shops/:shop'],
		['a way out of the webhooks', '../safepays'],
		['a blank at its end', 'safepays '],
		['a zero-width space', 'safe\u200Bpays'],
	])('is refused for a Path with %s', async (_what, path) => {
		const publish = activated('https://n8n.example.com', REAL, {}, { path });
		await expect(publish).rejects.toThrow(/^"Path" cannot be the end of a webhook URL: /);
	});
});
