import type { INode } from 'n8n-workflow';

/** Whether this node is a tool of an AI agent. n8n adds "Tool" to the type of such a node, and its own `@tool` looks at that. */
export function isAiTool({ type }: INode): boolean {
	return type.endsWith('Tool');
}
