import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { Cleanup } from '../cleanup';
import { N8nClient } from '../client';
import { localDir } from '../paths';
import { findFreePort } from '../ports';
import { Member } from './member';
import { startPostgres } from './postgres';
import { findQueuePrograms } from './programs';
import { startRedis } from './redis';

/** An n8n in queue mode: a main process, webhook processors and workers over Redis and PostgreSQL. */
export interface QueueN8n {
	main: Member;
	/** They take all webhooks; the first one's address is the one that n8n gives away. */
	webhookProcessors: [Member, Member];
	/** They run all executions, also those that the editor starts. */
	workers: [Member, Member];
	/** Not logged in yet. */
	client: N8nClient;
	/** Starts all processes of n8n again, on the same ports and with all that n8n has kept. */
	start(): Promise<void>;
	/** Ends all processes of n8n in good order. */
	stop(): Promise<void>;
	/** Stops everything and deletes what it has kept. */
	close(): Promise<void>;
}

/**
 * Starts an n8n in queue mode with the packed package in each of its processes, all on loopback. It
 * ends with this process at the latest. Rejects with a `Failure` if Redis or PostgreSQL is missing.
 *
 * @param name of the logs in `.n8n-local/logs`
 * @param env for every process of n8n, on top of n8n's defaults
 */
export async function startQueueN8n(name: string, env: NodeJS.ProcessEnv = {}): Promise<QueueN8n> {
	const programs = findQueuePrograms();
	const cleanup = new Cleanup();
	try {
		const [redis, postgres] = await Promise.all([
			startRedis(programs, cleanup),
			startPostgres(programs, cleanup),
		]);
		const webhookPort = await findFreePort();
		const member = async (command: 'start' | 'webhook' | 'worker', number = 1, port?: number) =>
			await Member.create(
				{
					command,
					port: port ?? (await findFreePort()),
					webhookUrl: `http://127.0.0.1:${webhookPort}/`,
					logFile: join(localDir, 'logs', `${name}-${command}-${number}.log`),
					env: {
						...redis,
						...postgres,
						EXECUTIONS_MODE: 'queue',
						// as n8n tells its users to; its next major version knows nothing else
						OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
						N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true',
						...encryptionKey,
						...env,
					},
				},
				cleanup,
			);
		const encryptionKey = { N8N_ENCRYPTION_KEY: randomBytes(16).toString('hex') };
		const main = await member('start');
		const webhookProcessors = [
			await member('webhook', 1, webhookPort),
			await member('webhook', 2),
		] as const;
		const workers = [await member('worker', 1), await member('worker', 2)] as const;
		const others = [...webhookProcessors, ...workers];

		const start = async () => {
			// it makes the tables that the others need
			await main.start();
			await Promise.all(others.map(async (each) => await each.start()));
		};
		await start();
		return {
			main,
			webhookProcessors: [...webhookProcessors],
			workers: [...workers],
			client: new N8nClient(main.url, undefined, webhookProcessors[0].url),
			start,
			stop: async () => {
				await Promise.all([main, ...others].map(async (each) => await each.stop()));
			},
			close: async () => await cleanup.run(),
		};
	} catch (error) {
		await cleanup.run();
		throw error;
	}
}
