import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = 'n8n-nodes-bench-floor';

/** The node type of the floor. Its production path is `<webhookId>/webhook`. */
export const FLOOR_TYPE = `${PACKAGE}.floorTrigger`;

const SOURCE = `
class FloorTrigger {
	description = {
		displayName: 'Floor Trigger',
		name: 'floorTrigger',
		group: ['trigger'],
		version: [1, 1.1, 2],
		description: 'Does nothing but one authenticated GET',
		defaults: { name: 'Floor Trigger' },
		inputs: [],
		outputs: ['main'],
		credentials: [{ name: 'safePaysApi', required: true }],
		webhooks: [
			{ name: 'default', httpMethod: 'POST', path: 'webhook', responseMode: 'onReceived', responseData: '' },
		],
		properties: [],
	};

	async webhook() {
		const { id } = this.getBodyData().invoice;
		const invoice = await this.helpers.httpRequestWithAuthentication.call(this, 'safePaysApi', {
			method: 'GET',
			url: '/api/v2/invoice/' + encodeURIComponent(id),
			json: true,
			ignoreHttpStatusErrors: true,
		});
		return { workflowData: [[{ json: invoice }]] };
	}
}
module.exports = { FloorTrigger };
`;

/**
 * Installs the floor into an n8n's user folder: a community trigger that does nothing but one
 * authenticated GET, and starts the workflow whatever comes of it. No trigger that asks SafePays can
 * be cheaper.
 */
export function installFloorNode(userFolder: string): void {
	const folder = join(userFolder, '.n8n', 'nodes', 'node_modules', PACKAGE);
	mkdirSync(folder, { recursive: true });
	const manifest = {
		name: PACKAGE,
		version: '1.0.0',
		keywords: ['n8n-community-node-package'],
		n8n: { n8nNodesApiVersion: 1, nodes: ['FloorTrigger.node.js'] },
	};
	writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
	writeFileSync(join(folder, 'FloorTrigger.node.js'), SOURCE);
}
