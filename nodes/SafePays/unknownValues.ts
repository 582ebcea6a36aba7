import type { IDataObject } from 'n8n-workflow';

/** Whether a value is an object with keys; a list is none. */
export function isObject(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that a value is; an empty one for anything else, such as an answer that is no JSON. */
export function readObject(value: unknown): IDataObject {
	return isObject(value) ? value : {};
}

/** The message of whatever was thrown. */
export function getMessage(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
