import type { INodeParameters, INodeTypeDescription } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

/** What n8n keeps of a node's parameters: not those that the type does not have, nor those that others hide. */
export function understood(
	type: INodeTypeDescription,
	{ parameters, typeVersion }: { parameters: object; typeVersion: number },
): INodeParameters | null {
	return NodeHelpers.getNodeParameters(
		type.properties,
		parameters as INodeParameters,
		true,
		false,
		{ typeVersion },
		type,
	);
}
