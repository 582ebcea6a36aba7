import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';

/** The raw values of an item's parameters, or of the fields in a collection. */
export interface ParameterValues {
	/** @param name `a.b` reaches into a collection */
	get(name: string): unknown;
}

/** One item's parameters, as an operation reads them to make its request. */
export interface ItemParameters extends ParameterValues {
	/** The data of the SafePays credential. */
	credentials: ICredentialDataDecryptedObject;
	/** Where SafePays' notifications reach this execution while it waits. */
	getResumeUrl(): string;
	/** IANA name of the workflow's time zone, e.g. `Europe/Berlin`. */
	timeZone: string;
}

/** Reads the parameters of each item; what is the same for all items is read once. */
export function createParameterReader(
	context: IExecuteFunctions,
	credentials: ICredentialDataDecryptedObject,
): (itemIndex: number) => ItemParameters {
	const shared = {
		credentials,
		getResumeUrl: () => getResumeUrl(context),
		timeZone: context.getTimezone(),
	};
	const constants = new Map<string, unknown>();
	const expressions = new Set<string>();
	const get = (name: string, itemIndex: number) => {
		if (constants.has(name)) return constants.get(name);
		const value: unknown = context.getNodeParameter(name, itemIndex, undefined);
		if (expressions.has(name)) return value;
		const raw = context.getNodeParameter(name, itemIndex, undefined, { rawExpressions: true });
		if (hasExpression(raw)) expressions.add(name);
		else constants.set(name, value);
		return value;
	};
	return (itemIndex) => ({ ...shared, get: (name) => get(name, itemIndex) });
}

/** Where a call resumes this execution, with n8n's signature. */
export function getResumeUrl(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
}

/** Whether n8n would evaluate a parameter, or something in it, for each item. */
function hasExpression(raw: unknown): boolean {
	if (typeof raw === 'string') return raw.startsWith('=');
	return typeof raw === 'object' && raw !== null && Object.values(raw).some(hasExpression);
}
