/** Appends, and drops the oldest tenth when the list outgrows `cap`, so that appending stays cheap. */
export function appendCapped<T>(list: T[], item: T, cap: number): void {
	if (list.length >= cap) list.splice(0, Math.ceil(cap / 10));
	list.push(item);
}
