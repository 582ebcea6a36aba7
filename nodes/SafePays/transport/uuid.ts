/** A UUID in any letters, to be built into a regular expression: each record's id is one. */
export const UUID_PATTERN =
	'[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}';

const ONLY_UUID = new RegExp(`^${UUID_PATTERN}$`);

/** Whether a value is a UUID and nothing else. */
export function isUuid(value: unknown): value is string {
	return typeof value === 'string' && ONLY_UUID.test(value);
}
