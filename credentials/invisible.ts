/** Blanks, line ends, control characters, and what has no width: zero-width spaces, soft hyphens, byte order marks. */
const INVISIBLE = String.raw`\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800`;

/** What changes the emoji before it (its style, the letters of a flag), and so is not cut off. */
const EMOJI_PARTS = String.raw`\uFE0F\u{E0020}-\u{E007F}`;

// Takes linear time, also for a long text of blanks.
const CLEAN = new RegExp(`^[${INVISIBLE}]*(.*[^${INVISIBLE}][${EMOJI_PARTS}]*)?`, 'su');

const ANY_INVISIBLE = new RegExp(`[${INVISIBLE}]`, 'u');

/** Removes what cannot be seen from a text's ends, where copying and files leave it; `''` if nothing can be seen. */
export function trimInvisible(text: string): string {
	return CLEAN.exec(text)?.[1] ?? '';
}

/** Whether a text holds, anywhere, what cannot be seen. */
export function hasInvisible(text: string): boolean {
	return ANY_INVISIBLE.test(text);
}
