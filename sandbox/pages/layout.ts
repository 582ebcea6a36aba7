import { Html, html } from './html';
import { LIVE_SCRIPT, LIVE_SCRIPT_HASH } from './live';

/** Nothing may be loaded, and only the page's own script run, so that a name or URL in the books never can. */
export const PAGE_HEADERS = {
	'Content-Type': 'text/html; charset=utf-8',
	'Cache-Control': 'no-store',
	'Content-Security-Policy': [
		"default-src 'none'",
		`script-src ${LIVE_SCRIPT_HASH}`,
		"connect-src 'self'",
		"style-src 'unsafe-inline'",
		'img-src data:',
		"base-uri 'none'",
		"frame-ancestors 'none'",
	].join('; '),
};

/** A whole page; `narrow` ones are a single card for a customer's eyes. */
export function page(title: string, content: Html, { narrow = false } = {}): string {
	return html`<!doctype html>
		<html lang="en">
			<head>
				<meta charset="utf-8" />
				<meta name="viewport" content="width=device-width, initial-scale=1" />
				<meta name="color-scheme" content="light dark" />
				<title>${title} · SafePays sandbox</title>
				<link rel="icon" href="data:," />
				<style>
					${STYLE}
				</style>
			</head>
			<body class="${narrow ? 'narrow' : 'wide'}">
				<header>
					<a class="brand" href="/">SafePays <span>sandbox</span></a>
					<p>This is a sandbox on your own machine: no real money moves.</p>
				</header>
				<main>${content}</main>
				${content.markup.includes('data-live') && LIVE_SCRIPT}
			</body>
		</html>`.markup;
}

const STYLE = new Html(`
:root {
	--ground: #f4f5f8; --card: #fff; --ink: #1b2130; --quiet: #5b6475; --line: #dfe3ea;
	--accent: #2f5bea; --accent-ink: #fff; --notice: #fff6dc; --notice-ink: #6b4e00;
	--good: #14713d; --good-ground: #def5e7; --bad: #b3261e; --bad-ground: #fde7e5;
	--late: #8a5300; --late-ground: #fdeccf; --open: #35508f; --open-ground: #e4ebfc;
}
@media (prefers-color-scheme: dark) {
	:root {
		--ground: #12151c; --card: #1b202a; --ink: #e7eaf0; --quiet: #a0a9b9; --line: #323947;
		--accent: #7d9dff; --accent-ink: #0d1530; --notice: #33290c; --notice-ink: #f3d98a;
		--good: #7ddba3; --good-ground: #12331f; --bad: #ff9b93; --bad-ground: #43191a;
		--late: #f5c277; --late-ground: #3d2a0c; --open: #a9bfff; --open-ground: #202c4b;
	}
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; padding: .75rem 1.25rem;
	background: var(--notice); color: var(--notice-ink); }
header p { margin: 0; }
.stopped header::after { content: 'The sandbox does not answer: is it still running?'; font-weight: 700; color: var(--bad); }
.brand { font-weight: 700; color: inherit; text-decoration: none; }
.brand span { font-weight: 400; }
main { margin: 0 auto; padding: 1.25rem; max-width: 86rem; }
.narrow main { max-width: 36rem; padding-top: 6vh; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem;
	margin: 0 0 1.25rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; line-height: 1.25; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
h2 small { font-weight: 400; color: var(--quiet); }
p { margin: 0 0 .75rem; }
a { color: var(--accent); }
.amount { font-size: 2.25rem; font-weight: 700; margin: 0 0 .25rem; }
.quiet { color: var(--quiet); }
.notice { border-radius: .5rem; padding: .75rem 1rem; background: var(--notice); color: var(--notice-ink); }
.notice.good { background: var(--good-ground); color: var(--good); }
.notice.bad { background: var(--bad-ground); color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; white-space: nowrap; }
td:last-child, th:last-child { padding-right: 0; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tfoot th { font-weight: 600; }
tfoot tr.fee th { font-weight: 400; }
.nowrap { white-space: nowrap; }
.break { overflow-wrap: anywhere; }
td.break { min-width: 13rem; }
td.told { min-width: 14rem; }
td code { display: inline-block; min-width: 12rem; padding: 0; background: none; }
code { font: .9em/1.4 ui-monospace, monospace; background: var(--ground); border-radius: .25rem; padding: .1rem .35rem;
	overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1rem; margin: 0 0 .75rem; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; }
.pill { display: inline-block; border-radius: 1rem; padding: .05rem .6rem; font-size: .85em; font-weight: 600;
	white-space: nowrap; background: var(--open-ground); color: var(--open); }
.pill.wrap { white-space: normal; }
summary { cursor: pointer; }
summary h2 { display: inline; }
details[open] > summary { margin-bottom: .75rem; }
ul { margin: 0 0 .75rem; padding-left: 1.25rem; }
section.notice { border: 0; }
.notice code { background: none; padding: 0; }
.pill.good { background: var(--good-ground); color: var(--good); }
.pill.bad { background: var(--bad-ground); color: var(--bad); }
.pill.late { background: var(--late-ground); color: var(--late); }
.actions { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
.pay { display: grid; gap: .75rem; margin-top: 1.25rem; }
button { font: inherit; border: 1px solid var(--line); border-radius: .5rem; padding: .25rem .7rem; cursor: pointer;
	background: var(--card); color: var(--ink); white-space: nowrap; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); font-weight: 600; }
.pay button { width: 100%; padding: .7rem; }
button:hover { filter: brightness(.95); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
form { margin: 0; }
.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 1rem 0; align-items: end; }
.fields label { display: grid; gap: .2rem; color: var(--quiet); }
.fields label.two { grid-column: span 2; }
.fields label.check { display: flex; gap: .5rem; align-items: center; align-self: end; }
input, select { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line);
	border-radius: .5rem; padding: .35rem .5rem; width: 100%; min-width: 0; }
input[type=checkbox] { width: auto; }
@media (max-width: 30rem) { .narrow table { font-size: .8rem; } .narrow th, .narrow td { padding-right: .4rem; } }
`);
