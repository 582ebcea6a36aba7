/** What is made before the first test: this stands in its place from when the file is read. */
export function prepared<T extends object>(make: () => T | Promise<T>): T {
	let made: T;
	beforeAll(async () => {
		made = await make();
	});
	return new Proxy({} as T, { get: (_, name) => Reflect.get(made, name) as unknown });
}
