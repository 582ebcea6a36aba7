/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test'],
	testMatch: ['**/*.test.ts'],
	setupFiles: ['reflect-metadata'],
	transform: { '^.+\\.ts$': '@swc/jest' },
	// Two cores: the fault suite and the engine are the long ones.
	maxWorkers: 2,
	testTimeout: 30_000,
};
