import { createHash } from 'crypto';

import { createProcessMap, getNodeKey } from '../processMemory';
import { AccountRateLimit, RunTurns } from './rateLimit';
import type { NodeContext } from './sendOnce';

const MAX_ACCOUNTS = 100;
const MAX_CREDENTIALS = 1000;

const accounts = createProcessMap<AccountRateLimit>(
	MAX_ACCOUNTS,
	'accounts, by a hash of API key and Base URL: their rate limit, for an hour after its last use',
);
/** By the id of a credential. */
const accountNames = createProcessMap<string>(
	MAX_CREDENTIALS,
	'credentials, by their ID: the hash that names the account',
);

/** @param maxInFlight see `RunTurns` */
export function joinAccount(
	apiKey: string,
	baseUrl: string,
	maxInFlight: number,
	signal?: AbortSignal,
): RunTurns {
	return new RunTurns(getAccountRateLimit(getAccountName(apiKey, baseUrl)), maxInFlight, signal);
}

/** Names an account without its API key, which must not stay in memory longer than a request. */
export function getAccountName(apiKey: string, baseUrl: string): string {
	return createHash('sha256')
		.update(JSON.stringify([apiKey, baseUrl]))
		.digest('hex');
}

/** What this process knows of an account's rate limit; forgotten an hour after its last use. */
export function getAccountRateLimit(accountName: string): AccountRateLimit {
	for (const [name, account] of accounts) {
		if (account.isForgettable()) accounts.delete(name);
	}
	const account = accounts.get(accountName) ?? new AccountRateLimit();
	accounts.set(accountName, account);
	return account;
}

/**
 * The account of a credential as its last request has shown it, for callers that do not read the
 * credential; undefined before the first one.
 */
export function getAccountOfCredential(credentialId: string): AccountRateLimit | undefined {
	const name = accountNames.get(credentialId);
	return name === undefined ? undefined : getAccountRateLimit(name);
}

/** Notes the account of a credential when a request shows it. */
export function noteAccountOfCredential(
	credentialId: string,
	apiKey: string,
	baseUrl: string,
): void {
	accountNames.set(credentialId, getAccountName(apiKey, baseUrl));
}

/** Names the account of a node without its credential being read; a node without one stands for itself. */
export function getCredentialId(context: NodeContext): string {
	return context.getNode().credentials?.safePaysApi?.id ?? getNodeKey(context);
}
