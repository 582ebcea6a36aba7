import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

import n8n from './eslint.n8n.config.mjs';

/** The folders of the repository that hold code, and those that each may import from. */
const TREES = {
	credentials: [],
	nodes: ['credentials'],
	sandbox: [],
	tools: ['credentials', 'nodes', 'sandbox'],
	test: ['credentials', 'nodes', 'sandbox', 'tools'],
	e2e: ['credentials', 'nodes', 'sandbox', 'tools', 'test'],
};

/** What nodes/SafePays consists of: none imports one that stands before it. */
const LAYERS = [
	'SafePays\\w*\\.node',
	'methods',
	'actions',
	'webhooks',
	'errors',
	'idempotency',
	'transport',
];

const restrict = (regex, files) => ({
	files,
	rules: {
		'no-restricted-imports': [
			'error',
			{ patterns: [{ regex, message: 'See "Who may import whom" in docs/design.md.' }] },
		],
	},
});

/** Lets files import nothing of these names from outside their own folder. */
const notFrom = (names, files) => restrict(`^(\\.\\./)+(${names.join('|')})(/|$)`, files);

const foreignTrees = (tree) =>
	Object.keys(TREES).filter((other) => other !== tree && !TREES[tree].includes(other));

const IMPORTS = [
	...Object.keys(TREES).map((tree) => notFrom(foreignTrees(tree), [`${tree}/**/*.ts`])),
	...LAYERS.slice(1).map((layer, index) =>
		notFrom(
			[...foreignTrees('nodes'), ...LAYERS.slice(0, index + 1)],
			[`nodes/SafePays/${layer}/**/*.ts`],
		),
	),
	restrict('^\\.', ['nodes/SafePays/{aiTool,processMemory,unknownValues}.ts']),
];

export default defineConfig(
	{ ignores: ['**/node_modules/', '**/dist/', 'coverage/', '.n8n-local/'] },
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommended],
		rules: {
			'@typescript-eslint/no-unused-vars': [
				'error',
				{ varsIgnorePattern: '^_', argsIgnorePattern: '^_' },
			],
			'@typescript-eslint/consistent-type-imports': 'error',
		},
		linterOptions: { reportUnusedDisableDirectives: 'error' },
	},
	...IMPORTS,
	{ files: ['package.json', '{nodes,credentials}/**/*.{ts,json}'], extends: [n8n] },
);
