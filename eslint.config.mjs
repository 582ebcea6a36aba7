import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

import n8n from './eslint.n8n.config.mjs';

export default defineConfig(
	{ ignores: ['**/node_modules/', 'dist/', 'coverage/', '.n8n-local/'] },
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommended],
		rules: {
			'@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
			'@typescript-eslint/consistent-type-imports': 'error',
		},
		linterOptions: { reportUnusedDisableDirectives: 'error' },
	},
	{ files: ['package.json', '{nodes,credentials}/**/*.{ts,json}'], extends: [n8n] },
);
