import { createHash } from 'crypto';

import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { isAiTool } from '../aiTool';
import { isUnconfirmed } from '../transport/errors';
import { invoiceIdFor, rememberInvoiceId } from './invoiceIds';
import { nodeKey } from './nodeKey';
import { claimKey, releaseKey } from './processedKeys';

/** One creator at a time for each key in this process; the next one finds what the first has made. */
const running = new Map<string, Promise<unknown>>();

interface Once {
	/** The user's unique key, e.g. an order number. */
	key: string;
	itemIndex: number;
	/** An earlier try of this execution holds the claim already. */
	claimed: boolean;
	/** @returns the invoice created */
	create: () => Promise<IDataObject>;
	/** @returns the invoice with this id, as it is now */
	fetch: (invoiceId: string) => Promise<IDataObject>;
}

/**
 * Creates an invoice unless this node has created one for the same key, in any execution: then that
 * one is fetched, with `reused: true`. The claim on the key is kept in n8n's database and given back
 * only when the create is known to have failed; what it survives is in docs/unique-key.md.
 *
 * @throws NodeOperationError if there is an invoice for the key whose id is not known (any more)
 */
export async function createOnce(context: IExecuteFunctions, once: Once): Promise<IDataObject> {
	const hash = createHash('sha256').update(once.key).digest('base64url').slice(0, 22);
	const name = `${nodeKey(context)}:${hash}`;
	const before = running.get(name) ?? Promise.resolve();
	const mine = before.then(
		async () => await createOrFetch(context, hash, once),
		async () => await createOrFetch(context, hash, once),
	);
	running.set(name, mine);
	try {
		return await mine;
	} finally {
		if (running.get(name) === mine) running.delete(name);
	}
}

async function createOrFetch(
	context: IExecuteFunctions,
	hash: string,
	{ key, itemIndex, claimed, create, fetch }: Once,
): Promise<IDataObject> {
	const existing = invoiceIdFor(context, hash);
	if (existing !== undefined) {
		rememberInvoiceId(context, hash, existing);
		return { ...(await fetch(existing)), reused: true };
	}
	if (!claimed && !(await claimKey(context, `key:${hash}`))) {
		throw new NodeOperationError(
			context.getNode(),
			`The unique key "${key}" is taken: this node has created, or tried to create, an invoice for it before [item ${itemIndex}]`,
			{
				itemIndex,
				description: `The ID of that invoice is not known any more, so nothing was created. ${
					isAiTool(context.getNode())
						? 'Do not try another key. Tell the user to look for the invoice in SafePays.'
						: 'Look for the invoice in SafePays. If there is none, use another unique key, such as the same one with "-2" behind it.'
				}`,
			},
		);
	}
	try {
		const invoice = await create();
		rememberInvoiceId(context, hash, String(invoice.id));
		return invoice;
	} catch (error) {
		// An earlier try that holds the claim may have created it, whatever became of this one.
		if (!claimed && !isUnconfirmed(error)) await releaseKey(context, `key:${hash}`);
		// Passed on as it came: it is told to the user by the router.
		return await Promise.reject(error as Error);
	}
}
