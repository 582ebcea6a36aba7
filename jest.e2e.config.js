/** @type {import('jest').Config} */
module.exports = {
	roots: ['<rootDir>/e2e'],
	testMatch: ['**/*.e2e.ts'],
	testEnvironment: 'node',
	testTimeout: 60_000,
	globalSetup: '<rootDir>/e2e/global-setup.ts',
	globalTeardown: '<rootDir>/e2e/global-teardown.ts',
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
