/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test'],
	testMatch: ['**/*.test.ts'],
	setupFiles: ['reflect-metadata'],
	transform: { '^.+\\.ts$': '@swc/jest', '(marked|github-slugger)/.+\\.js$': '@swc/jest' },
	// These two ship as ES modules alone.
	transformIgnorePatterns: ['/node_modules/(?!(marked|github-slugger)/)'],
	// Two cores: the fault suite and the engine are the long ones.
	maxWorkers: 2,
	testTimeout: 30_000,
};
