/** What both projects are run with. */
const base = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test'],
	setupFiles: ['reflect-metadata'],
	transform: { '^.+\\.ts$': '@swc/jest' },
};

/** The n8n-core, and what it comes with, of the oldest n8n that the package supports. */
const OLDEST = '<rootDir>/node_modules/n8n-core-oldest';

/** @type {import('jest').Config} */
module.exports = {
	projects: [
		{ ...base, displayName: 'n8n 2.41.1', testMatch: ['**/*.test.ts'] },
		{
			...base,
			displayName: 'n8n 1.123.81',
			testMatch: ['<rootDir>/test/nodes/**/*.test.ts'],
			// What is the same on any engine: what knows none, and thousands of inputs.
			testPathIgnorePatterns: [
				'(dueDate|finalInvoices|validation|rateLimit|redact|retryPolicy)\\.test',
				'(addresses|metadata|parse|recentEvents|throttle)\\.test',
				'badInput|randomRun',
			],
			setupFiles: [...base.setupFiles, '<rootDir>/test/engine/oldest.ts'],
			moduleNameMapper: {
				'^n8n-core$': OLDEST,
				'^(n8n-workflow|@n8n/[\\w-]+)$': `${OLDEST}/node_modules/$1`,
			},
		},
	],
	// Two cores: the fault suite and the engine are the long ones.
	maxWorkers: 2,
	testTimeout: 30_000,
};
