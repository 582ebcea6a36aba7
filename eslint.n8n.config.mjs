import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import n8nNodesBase from 'eslint-plugin-n8n-nodes-base';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What n8n's own lint of community nodes switches off too: it contradicts the newer plugin's rules. */
const OUTDATED = {
	// The newer plugin wants the constant NodeConnectionTypes.Main.
	'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
	'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
	// The newer plugin wants a URL.
	'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
};

/** The rules of one part of eslint-plugin-n8n-nodes-base, whose own configs are in the old format. */
const nodesBase = (part, files) => ({
	files,
	plugins: { 'n8n-nodes-base': n8nNodesBase },
	rules: { ...n8nNodesBase.configs[part].rules, ...OUTDATED },
});

/**
 * The rules by which n8n judges a community package (`buildScanConfig` of
 * @n8n/scan-community-package): its sources, and what it ships.
 */
export default defineConfig(
	n8nCommunityNodesPlugin.configs.recommended,
	{ rules: { 'no-console': 'error' } },
	nodesBase('nodes', ['nodes/**/*.ts']),
	nodesBase('credentials', ['credentials/**/*.ts']),
	nodesBase('community', ['package.json']),
	{ files: ['**/*.{ts,json}'], languageOptions: { parser: tseslint.parser } },
);
