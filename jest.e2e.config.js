/** @type {import('jest').Config} */
module.exports = {
	// n8n's own thousands of modules beside them must not be crawled
	roots: ['<rootDir>/e2e/tests'],
	testMatch: ['**/*.e2e.ts'],
	testEnvironment: 'node',
	testTimeout: 60_000,
	globalSetup: '<rootDir>/e2e/tests/global-setup.ts',
	globalTeardown: '<rootDir>/e2e/tests/global-teardown.ts',
	transform: {
		'^.+\\.ts$': [
			'@swc/jest',
			{
				jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
				module: { type: 'commonjs' },
			},
		],
	},
};
