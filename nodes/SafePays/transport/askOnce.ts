import { getAccountOfCredential, getCredentialId, noteAccountOfCredential } from './accounts';
import type { Turn } from './rateLimit';
import { RunTurns } from './rateLimit';
import type { SafePaysRequest } from './request';
import type { NodeContext, Outcome, Sender } from './sendOnce';
import { sendOnce } from './sendOnce';

/** Requests that triggers may have in flight at once, unless a run of the account may have more. */
const QUESTIONS_IN_FLIGHT = 10;

/**
 * Sends a GET once, in a turn of its account, for a caller that does not read the credential: a
 * webhook would pay for that with an isolate. Waiting for the turn and the request together take at
 * most `timeoutSeconds`.
 *
 * @returns `tooLongMs`, the milliseconds until the rate limit lets a request through, if nothing was sent
 */
export async function askOnce(
	context: NodeContext,
	request: SafePaysRequest,
	timeoutSeconds: number,
	sender?: Sender,
): Promise<Outcome | { tooLongMs: number }> {
	const deadline = Date.now() + timeoutSeconds * 1000;
	const credentialId = getCredentialId(context);
	const account = getAccountOfCredential(credentialId);
	let turn: Turn | undefined;
	if (account) {
		const timeout = AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000));
		const turns = new RunTurns(account, QUESTIONS_IN_FLIGHT, timeout);
		const acquired = await turns.acquire({ leftMs: timeoutSeconds * 1000 });
		if (!acquired || !('end' in acquired)) return acquired ?? { tooLongMs: 0 };
		turn = acquired;
	}
	const leftMs = Math.max(1, deadline - Date.now());
	const outcome = await sendOnce(context, request, leftMs / 1000, {
		...sender,
		onSigned: (apiKey, baseUrl) => noteAccountOfCredential(credentialId, apiKey, baseUrl),
	});
	const answer = 'answer' in outcome ? outcome.answer : undefined;
	if (turn) turn.end(answer);
	else if (answer) getAccountOfCredential(credentialId)?.noteAnswer(answer);
	return outcome;
}
