import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { sandboxWith, closeAll } from './helpers';

const ROOT = join(__dirname, '..', '..');

jest.setTimeout(30_000);

afterEach(closeAll);

function start(...args: string[]) {
	const child = spawn(process.execPath, ['--import', 'tsx', 'sandbox/cli.ts', ...args], {
		cwd: ROOT,
	});
	const output = { stdout: '', stderr: '' };
	child.stdout.on('data', (chunk) => (output.stdout += chunk));
	child.stderr.on('data', (chunk) => (output.stderr += chunk));
	return { child, output };
}

async function run(...args: string[]) {
	const { child, output } = start(...args);
	const [code] = (await once(child, 'close')) as [number];
	return { code, ...output };
}

it('says where it listens and how to use it, and ends at Ctrl-C', async () => {
	const { child, output } = start(
		...['--port', '0', '--api-key', 'mine', '--api-key', 'other', '--rate-limit', '2/60'],
		...['--rate-limit-headers', '--latency', '1-2', '--fee-percent', '10', '--seed', '3'],
		...[
			'--webhook-format',
			'legacy',
			'--fault',
			'status=502,method=POST,path=/api/v2/customer,times=3',
		],
	);
	while (!output.stdout.includes('Ctrl-C')) await once(child.stdout, 'data');
	const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(output.stdout) ?? [''];
	expect(output.stdout).toContain('API key   mine');
	expect(output.stdout).toContain(`Base URL  ${url}`);

	const post = async (path: string, body: object) =>
		await fetch(`${url}/api/v2/${path}`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify(body),
		});
	const faulty = await post('customer', { api_key: 'mine', name: 'A', email: 'a@b.co' });
	expect(faulty.status).toBe(502);
	const created = await post('invoice', { api_key: 'other', email: 'a@b.co', amount: 10 });
	expect(created.headers.get('x-ratelimit-remaining')).toBe('1');
	expect(await created.json()).toMatchObject({ invoice: { amount: 11 } });

	const closed = once(child, 'close');
	child.kill('SIGINT');
	expect(await closed).toEqual([0, null]);
	expect(output.stderr).toBe('');
});

it('says in one line that the port is taken', async () => {
	const { port } = await sandboxWith();
	const { code, stdout, stderr } = await run('--port', String(port));
	expect([code, stdout]).toEqual([1, '']);
	expect(stderr).toMatch(/^Sandbox not started: The port is already in use; .*\n$/);
});

it.each([
	[['--nonsense'], "Unknown option '--nonsense'"],
	[['--port', 'abc'], '--port must be a whole number from 0 to 65535, not "abc"'],
	[['--rate-limit', '5'], '--rate-limit must be <requests>/<seconds>'],
	[['--latency', '9-3'], '--latency must be <ms> or <min>-<max>'],
	[
		['--webhook-format', 'new'],
		'--webhook-format must be current, legacy, event, transaction, not "new"',
	],
	[['--fault', 'boom'], '--fault takes name=value pairs, not "boom"'],
	[['--fault', 'kind=boom'], 'Fault kind must be one of'],
	[['--public-url', 'here'], '--public-url must be an http(s) URL'],
	[['--fee-percent', '-1'], "Option '--fee-percent' argument is ambiguous."],
	[['--fee-percent', 'six'], '--fee-percent must be a number of 0 or more, not "six"'],
])('refuses %j in one line', async (args, message) => {
	const { code, stdout, stderr } = await run(...args);
	expect([code, stdout]).toEqual([1, '']);
	expect(stderr).toContain(`Sandbox not started: ${message}`);
	expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

it('explains every flag', async () => {
	const { code, stdout } = await run('--help');
	expect(code).toBe(0);
	for (const flag of [
		...['port', 'host', 'public-url', 'api-key', 'data', 'fee-percent', 'rate-limit'],
		...['no-rate-limit', 'rate-limit-headers', 'latency', 'webhook-format', 'fault', 'seed'],
		...['notification-retries', 'duplicate-notifications', 'notification-delay', 'help'],
	]) {
		expect(stdout).toContain(`--${flag}`);
	}
});
