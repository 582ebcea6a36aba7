import fastify from 'fastify';
import type { AddressInfo } from 'node:net';

/** A tool as a model is offered it. */
export interface OfferedTool {
	name: string;
	description: string;
	/** JSON schema of its arguments. */
	parameters: { properties: Record<string, object>; required?: string[] };
}

export interface ModelRequest {
	tools: OfferedTool[];
	/** What came back from the tools that were called so far, as text, oldest first. */
	toolResults: string[];
	/** All that the model got: the body as text, and the headers. */
	received: string;
}

export interface ToolCall {
	tool: string;
	arguments: object;
}

/** What the model answers: calls of tools, a final text, or an error status. */
export type Reply = { call: ToolCall[] } | { say: string } | { status: number };

/** One answer of the model, or what makes it of the request. */
export type Turn = Reply | ((request: ModelRequest) => Reply);

export interface StubModel {
	/** For the field Base URL of n8n's `openAiApi` credential. */
	readonly url: string;
	/** Every request so far, oldest first. */
	readonly requests: ModelRequest[];
	/** Forgets the requests, and answers the next ones with these turns; past the last one, with 400. */
	play(...turns: Turn[]): void;
	close(): Promise<void>;
}

/** The part of a request that both of OpenAI's APIs have, each in its own shape. */
interface Body {
	model: string;
	tools?: Array<OfferedTool & { function?: OfferedTool }>;
	/** Responses API. */
	input?: Array<{ type?: string; output?: unknown }>;
	/** Chat completions. */
	messages?: Array<{ role: string; content: unknown }>;
}

/**
 * An OpenAI-compatible model on loopback that answers what a test has it answer: the Responses API,
 * which n8n's OpenAI Chat Model uses unless told otherwise, and chat completions; neither streams.
 */
export async function startStubModel(): Promise<StubModel> {
	const app = fastify({ forceCloseConnections: true });
	const requests: ModelRequest[] = [];
	let turns: Turn[] = [];
	const answer = (body: Body, headers: object): Reply => {
		const request = {
			tools: (body.tools ?? []).map((tool) => tool.function ?? tool),
			toolResults: toolResultsIn(body).map((content) =>
				typeof content === 'string' ? content : JSON.stringify(content),
			),
			received: JSON.stringify({ headers, body }),
		};
		requests.push(request);
		const turn = turns.shift() ?? { status: 400 };
		return typeof turn === 'function' ? turn(request) : turn;
	};

	app.get('/v1/models', () => ({ object: 'list', data: [{ id: 'stub', object: 'model' }] }));
	for (const [path, shape] of [
		['/v1/responses', asResponse],
		['/v1/chat/completions', asChatCompletion],
	] as const) {
		app.post<{ Body: Body }>(path, async ({ body, headers }, reply) => {
			const given = answer(body, headers);
			if ('status' in given) {
				return await reply.code(given.status).send({ error: { message: 'as the test wants it' } });
			}
			return shape(body.model, given, requests.length);
		});
	}
	await app.listen({ host: '127.0.0.1', port: 0 });
	return {
		url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/v1`,
		requests,
		play: (...next) => {
			requests.length = 0;
			turns = next;
		},
		close: async () => await app.close(),
	};
}

function toolResultsIn({ input = [], messages = [] }: Body): unknown[] {
	return [
		...input.filter(({ type }) => type === 'function_call_output').map(({ output }) => output),
		...messages.filter(({ role }) => role === 'tool').map(({ content }) => content),
	];
}

type Answer = Exclude<Reply, { status: number }>;

function asResponse(model: string, answer: Answer, turn: number): object {
	const output =
		'call' in answer
			? answer.call.map(({ tool, arguments: given }, index) => ({
					type: 'function_call',
					id: `fc_${turn}_${index}`,
					call_id: `call_${turn}_${index}`,
					name: tool,
					arguments: JSON.stringify(given),
					status: 'completed',
				}))
			: [
					{
						type: 'message',
						id: `msg_${turn}`,
						role: 'assistant',
						status: 'completed',
						content: [{ type: 'output_text', text: answer.say, annotations: [] }],
					},
				];
	return {
		id: `resp_${turn}`,
		object: 'response',
		created_at: Math.floor(Date.now() / 1000),
		status: 'completed',
		model,
		output,
		usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
	};
}

function asChatCompletion(model: string, answer: Answer, turn: number): object {
	const message =
		'call' in answer
			? {
					role: 'assistant',
					content: null,
					tool_calls: answer.call.map(({ tool, arguments: given }, index) => ({
						type: 'function',
						id: `call_${turn}_${index}`,
						function: { name: tool, arguments: JSON.stringify(given) },
					})),
				}
			: { role: 'assistant', content: answer.say };
	return {
		id: `chatcmpl_${turn}`,
		object: 'chat.completion',
		created: Math.floor(Date.now() / 1000),
		model,
		choices: [{ index: 0, message, finish_reason: 'call' in answer ? 'tool_calls' : 'stop' }],
		usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
	};
}
