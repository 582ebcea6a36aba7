import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import n8nNodesBase from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

/** Rules for n8n's own repository that contradict the newer plugin's rules for community nodes. */
const OUTDATED = {
	// The newer plugin wants the constant NodeConnectionTypes.Main.
	'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
	'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
	// The newer plugin wants a URL.
	'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
};

const SHIPPED = ['nodes/**/*.ts', 'credentials/**/*.ts'];

/** The rules of one part of eslint-plugin-n8n-nodes-base, whose own configs are in the old format. */
const nodesBase = (part, files) => ({
	files,
	plugins: { 'n8n-nodes-base': n8nNodesBase },
	rules: { ...n8nNodesBase.configs[part].rules, ...OUTDATED },
});

export default tseslint.config(
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
	{
		files: SHIPPED,
		extends: [n8nCommunityNodesPlugin.configs.recommended],
	},
	{
		files: ['package.json'],
		extends: [n8nCommunityNodesPlugin.configs.recommended],
		languageOptions: { parser: tseslint.parser, parserOptions: { extraFileExtensions: ['.json'] } },
	},
	nodesBase('nodes', ['nodes/**/*.ts']),
	nodesBase('credentials', ['credentials/**/*.ts']),
	{
		...nodesBase('community', ['package.json']),
		languageOptions: { parser: tseslint.parser, parserOptions: { extraFileExtensions: ['.json'] } },
	},
);
