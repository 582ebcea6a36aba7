import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Cleanup } from '../cleanup';
import { findFreePort } from '../ports';
import type { QueuePrograms } from './programs';
import { startService } from '../service';

/** Starts a Redis of its own on loopback that writes nothing to the disk. @returns what n8n has to be told */
export async function startRedis(
	{ redisServer }: QueuePrograms,
	cleanup: Cleanup,
): Promise<NodeJS.ProcessEnv> {
	const folder = mkdtempSync(join(tmpdir(), 'safepays-redis-'));
	cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
	const port = String(await findFreePort());
	const stop = await startService({
		name: 'queue-redis',
		program: redisServer,
		args: [
			'--bind',
			'127.0.0.1',
			'--port',
			port,
			'--save',
			'',
			'--appendonly',
			'no',
			'--dir',
			folder,
		],
		cwd: folder,
		ready: /Ready to accept connections/,
		stopSignal: 'SIGKILL',
	});
	cleanup.add(stop);
	return { QUEUE_BULL_REDIS_HOST: '127.0.0.1', QUEUE_BULL_REDIS_PORT: port };
}
