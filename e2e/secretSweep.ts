import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

import { findNodeForN8n } from '../tools/harness/node';

const PIECE = 8;
/**
 * What URLs, forms, JSON and HTML write in another way, axios leaves as it is where others do not, and
 * a server may decode once too often. The bare % is kept from making a code with the piece behind it.
 */
const BETWEEN = ['+', '/', '=', '&', '%-', '%7C-', '"', '\\', ':', "'", '$'];

/**
 * An API key that cannot be mistaken for anything else: random letters and digits in pieces, which
 * no escaping changes, with characters between them that every escaping does.
 */
export function unmistakableKey(): string {
	return BETWEEN.reduce((key, sign) => `${key}${sign}${piece()}`, piece());
}

function piece(): string {
	let text = '';
	while (text.length < PIECE)
		text += randomBytes(PIECE)
			.toString('base64')
			.replace(/[^a-z\d]/gi, '');
	return text.slice(0, PIECE);
}

/** Somewhere that holds a secret. */
export interface Place {
	where: string;
	/** In which form, e.g. `base64`. */
	form: string;
	/** What stands around it. */
	excerpt: string;
}

interface Needle {
	form: string;
	bytes: Buffer;
}

/** Looks for secrets, or an eighth of one and more, in whatever n8n keeps or says. */
export class Sweep {
	readonly places: Place[] = [];
	/** Searched so far. */
	bytes = 0;

	private readonly needles: Needle[];

	/** @param secrets made by `unmistakableKey` */
	constructor(secrets: string[]) {
		this.needles = secrets.flatMap((secret) =>
			(secret.match(/[a-z\d]{8}/gi) ?? []).flatMap(listForms),
		);
	}

	search(where: string, text: string | Buffer): void {
		const content = typeof text === 'string' ? Buffer.from(text) : text;
		this.bytes += content.length;
		for (const { form, bytes } of this.needles) {
			const found = content.indexOf(bytes);
			if (found < 0) continue;
			const excerpt = content.subarray(Math.max(0, found - 200), found + 100).toString();
			this.places.push({ where, form, excerpt });
			return;
		}
	}

	/** Searches every file below a folder, as it is on the disk. */
	searchFolder(folder: string): void {
		for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
			if (!entry.isFile()) continue;
			const file = join(entry.parentPath, entry.name);
			this.search(`file ${relative(folder, file)}`, readFileSync(file));
		}
	}

	/**
	 * Searches every row of every table of an SQLite database: a long value lies in pieces in its
	 * file.
	 */
	async searchDatabase(file: string): Promise<void> {
		if (!existsSync(file)) throw new Error(`There is no database ${file}`);
		const options = { maxBuffer: 2 ** 30, encoding: 'buffer' } as const;
		const { stdout } = await promisify(execFile)(findNodeForN8n(), ['-e', DUMP, file], options);
		for (const row of stdout.toString().split('\n')) {
			this.search(`table ${row.slice(0, row.indexOf(' '))}`, row);
		}
	}
}

/** Writes a line for each row: the table's name and the row as JSON. */
const DUMP = `
	const { DatabaseSync } = require('node:sqlite');
	const database = new DatabaseSync(process.argv[1], { readOnly: true });
	const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
	const text = (value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value);
	for (const { name } of tables) {
		for (const row of database.prepare('select * from "' + name + '"').iterate()) {
			const values = Object.entries(row).map(([column, value]) => [column, text(value)]);
			process.stdout.write(name + ' ' + JSON.stringify(values) + '\\n');
		}
	}
`;

/** A piece of a key as it is, in base64 at each of the places where it may begin, and in hex. */
function listForms(piece: string): Needle[] {
	const base64 = [0, 1, 2].map((offset) => {
		const text = Buffer.from('\0'.repeat(offset) + piece).toString('base64');
		// a character holds 6 bits: those that have bits of what comes before and after are left out
		const first = Math.ceil((offset * 8) / 6);
		return text.slice(first, Math.floor(((offset + PIECE) * 8) / 6));
	});
	const hex = Buffer.from(piece).toString('hex');
	const forms = {
		'in plain letters': [piece],
		base64: [...base64, ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))],
		hex: [hex, hex.toUpperCase()],
	};
	return Object.entries(forms).flatMap(([form, texts]) =>
		[...new Set(texts)].map((text) => ({ form, bytes: Buffer.from(text) })),
	);
}
