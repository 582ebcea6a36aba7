import { execFile } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Cleanup } from '../cleanup';
import { findFreePort } from '../ports';
import type { QueuePrograms } from './programs';
import { startService } from '../service';

/** PostgreSQL's superuser of a cluster that lives as long as the tests; anybody on loopback is let in. */
const USER = 'n8n';

/** Starts a PostgreSQL of its own on loopback, with its defaults. @returns what n8n has to be told */
export async function startPostgres(
	programs: QueuePrograms,
	cleanup: Cleanup,
): Promise<NodeJS.ProcessEnv> {
	const { initdb, postgres, postgresUser: user } = programs;
	const folder = mkdtempSync(join(tmpdir(), 'safepays-postgres-'));
	cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
	if (user) chownSync(folder, user.uid, user.gid);
	const args = [
		'-D',
		folder,
		'-U',
		USER,
		'--auth=trust',
		'--encoding=UTF8',
		'--locale=C',
		'--no-sync',
	];
	await promisify(execFile)(initdb, args, { cwd: folder, ...user });
	const port = String(await findFreePort());
	const settings = {
		listen_addresses: '127.0.0.1',
		port,
		unix_socket_directories: '',
		// files in its folder, which go with it, instead of the system's shared memory
		dynamic_shared_memory_type: 'mmap',
	};
	const stop = await startService({
		name: 'queue-postgres',
		program: postgres,
		args: [
			'-D',
			folder,
			...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
		],
		cwd: folder,
		ready: /database system is ready to accept connections/,
		stopSignal: 'SIGQUIT',
		user,
	});
	cleanup.add(stop);
	return {
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: '127.0.0.1',
		DB_POSTGRESDB_PORT: port,
		DB_POSTGRESDB_DATABASE: 'postgres',
		DB_POSTGRESDB_USER: USER,
	};
}
