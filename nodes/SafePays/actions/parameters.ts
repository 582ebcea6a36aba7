import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';

import type { ItemParameters } from './operation';

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
		const value = context.getNodeParameter(name, itemIndex, undefined) as unknown;
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
