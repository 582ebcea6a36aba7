import { Failure, runCli } from './harness/failure';

/** What `npm run tool -- NAME` runs, and what it is for. Each understands `--help`. */
const TOOLS: Record<string, { what: string; load: () => Promise<unknown> }> = {
	demo: {
		what: 'creates an invoice, pays it, and shows it',
		load: async () => await import('./demo'),
	},
	screenshots: {
		what: "takes the docs' pictures",
		load: async () => await import('./screenshots'),
	},
	bench: { what: 'measures the package', load: async () => await import('./bench') },
	graph: { what: 'shows who imports whom', load: async () => await import('./graph') },
	soak: { what: 'mixed traffic with faults', load: async () => await import('./soak') },
};

runCli(async () => {
	const [name] = process.argv.splice(2, 1);
	if (name === undefined || !Object.hasOwn(TOOLS, name)) {
		const list = Object.entries(TOOLS).map(([tool, { what }]) => `  ${tool.padEnd(12)} ${what}`);
		throw new Failure(`Say which tool: npm run tool -- NAME\n\n${list.join('\n')}`);
	}
	await TOOLS[name].load();
});
