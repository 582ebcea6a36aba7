/** Markup that is safe to send. */
export class Html {
	constructor(readonly markup: string) {}
}

type Content = Html | Content[] | string | number | null | false;

/** Builds markup from a template; everything put into it that is not markup itself is escaped. */
export function html(parts: TemplateStringsArray, ...contents: Content[]): Html {
	return new Html(
		parts.reduce((markup, part, index) => markup + render(contents[index - 1]) + part),
	);
}

function render(content: Content): string {
	if (content instanceof Html) return content.markup;
	if (Array.isArray(content)) return content.map(render).join('');
	if (content === null || content === false) return '';
	return String(content).replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

const ESCAPES: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};
