import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * What an n8n process remembers from one call of a node to the next, all of it bounded. n8n keeps a
 * node's module loaded, so a module-level value outlives the execution that made it, and is gone at
 * a restart. `npm run docs` puts the table of what is kept into docs/security.md.
 */
interface Remembered {
	/** What a user would call it. */
	what: string;
	/** Entries; left out where they end with the work that made them. */
	max?: number;
	forget: () => void;
}

const remembered: Remembered[] = [];

/** For the docs. */
export function listProcessMemory(): Array<Pick<Remembered, 'what' | 'max'>> {
	return remembered.map(({ what, max }) => ({ what, max }));
}

/** Forgets everything, as a restart of n8n does: for tests. */
export function clearProcessMemory(): void {
	for (const { forget } of remembered) forget();
}

/** A map that drops its oldest entry when it holds more than `max`; setting an entry again makes it the newest. */
class BoundedMap<K, V> extends Map<K, V> {
	constructor(private readonly max: number) {
		super();
	}

	override set(key: K, value: V): this {
		this.delete(key);
		super.set(key, value);
		const [oldest] = this.keys();
		if (this.size > this.max) this.delete(oldest);
		return this;
	}
}

/**
 * A bounded map that lives as long as the process.
 *
 * @param max entries; past that the oldest is dropped
 * @param what it holds, for the docs
 */
export function createProcessMap<V>(max: number, what: string): BoundedMap<string, V> {
	const map = new BoundedMap<string, V>(max);
	remembered.push({ what, max, forget: () => map.clear() });
	return map;
}

/**
 * One object for each name, such as a node or an account, made when it is first asked for.
 *
 * @param max objects; past that the one that was asked for longest ago is dropped
 */
export function createProcessRegistry<V>(max: number, what: string, create: () => V) {
	const objects = createProcessMap<V>(max, what);
	return (name: string): V => {
		const object = objects.get(name) ?? create();
		objects.set(name, object);
		return object;
	};
}

/** Names that are taken by one piece of work at a time; others can wait until a name is given back. */
class Reservations {
	private readonly taken = new Map<string, { freed: Promise<void>; free: () => void }>();

	/** @returns false if the name is taken */
	take(name: string): boolean {
		if (this.taken.has(name)) return false;
		let free = () => {};
		const freed = new Promise<void>((resolve) => {
			free = resolve;
		});
		this.taken.set(name, { freed, free });
		return true;
	}

	/** Gives all names back. */
	clear(): void {
		for (const name of [...this.taken.keys()]) this.giveBack(name);
	}

	giveBack(name: string): void {
		this.taken.get(name)?.free();
		this.taken.delete(name);
	}

	/** Resolves when a name is given back, at once if it is free. */
	async untilFree(name: string): Promise<void> {
		await this.taken.get(name)?.freed;
	}
}

/** Names that are taken in the whole process. Never dropped: two runs must not have the same one. */
export function createProcessReservations(what: string): Reservations {
	const reservations = new Reservations();
	remembered.push({ what, forget: () => reservations.clear() });
	return reservations;
}

/**
 * Names a node of a workflow, for what a process remembers of it. By its id: a renamed node is
 * still the same, a copy of the workflow has nodes of its own.
 */
export function getNodeKey(context: Pick<IExecuteFunctions, 'getWorkflow' | 'getNode'>): string {
	return `${context.getWorkflow().id}:${context.getNode().id}`;
}
