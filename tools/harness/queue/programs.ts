import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { Failure } from '../failure';

/** Where Debian and Ubuntu put PostgreSQL's programs: in a folder for each version, not on the PATH. */
const DEBIAN_POSTGRES = '/usr/lib/postgresql';

export interface QueuePrograms {
	redisServer: string;
	initdb: string;
	postgres: string;
	/** PostgreSQL refuses to be run by root. */
	postgresUser?: { uid: number; gid: number };
}

/** Finds what queue mode needs. Throws a `Failure` that says what to install. */
export function findQueuePrograms(): QueuePrograms {
	const onPath = (process.env.PATH ?? '').split(delimiter);
	const redisServer = find('redis-server', onPath);
	const postgres = find('postgres', [...onPath, ...debianPostgres()]);
	const initdb = find('initdb', [...onPath, ...debianPostgres()]);
	const missing = [
		...(redisServer ? [] : ['Redis']),
		...(postgres && initdb ? [] : ['PostgreSQL']),
	];
	if (!redisServer || !postgres || !initdb) {
		throw new Failure(
			`The tests of queue mode need ${missing.join(' and ')}: install ${missing.length > 1 ? 'them' : 'it'} (Debian, Ubuntu: "apt-get install redis-server postgresql"; macOS: "brew install redis postgresql") and try again; nothing has to be set up or running.`,
		);
	}
	return {
		redisServer,
		initdb,
		postgres,
		postgresUser: process.getuid?.() === 0 ? postgresUser() : undefined,
	};
}

function find(program: string, folders: string[]): string | undefined {
	return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** The newest version first. */
function debianPostgres(): string[] {
	if (!existsSync(DEBIAN_POSTGRES)) return [];
	return readdirSync(DEBIAN_POSTGRES)
		.sort((a, b) => Number(b) - Number(a))
		.map((version) => join(DEBIAN_POSTGRES, version, 'bin'));
}

function postgresUser(): { uid: number; gid: number } {
	const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
	try {
		return { uid: id('-u'), gid: id('-g') };
	} catch {
		throw new Failure(
			'PostgreSQL may not be run by root, and there is no user "postgres" to run it as: run the tests of queue mode as another user.',
		);
	}
}
