import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from '../../support/raw-client.js';

/** What the model says to a request: a call of a tool, or a text. */
export type Say = (request: Json) => { readonly tool?: { name: string; args: Json }; readonly text?: string };

/** A local server that speaks as much of OpenAI's chat API as LiteLLM needs: there is no model behind it. */
export class FakeOpenAi implements AsyncDisposable {
  readonly requests: Json[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(say: Say): Promise<FakeOpenAi> {
    const server = createServer((req, res) => void fake.#answer(req, res, say));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const fake = new FakeOpenAi(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`);
    return fake;
  }

  async #answer(req: IncomingMessage, res: ServerResponse, say: Say): Promise<void> {
    let text = '';
    for await (const chunk of req) text += chunk;
    const request = JSON.parse(text || '{}') as Json;
    this.requests.push(request);
    if (req.url?.endsWith('/responses')) {
      answerResponses(res, request, say(request));
      return;
    }
    const message = messageOf(say(request));
    const finish = message.tool_calls ? 'tool_calls' : 'stop';
    if (request.stream === true) {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(`data: ${JSON.stringify(chunkOf({ ...message, role: 'assistant' }, null))}\n\n`);
      res.end(`data: ${JSON.stringify(chunkOf({}, finish))}\n\ndata: [DONE]\n\n`);
      return;
    }
    const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }];
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ ...HEAD, object: 'chat.completion', choices, usage: USAGE }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const HEAD = { id: 'chat-1', created: 1, model: 'default' };
const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

/** The newer API: the same conversation in other words. */
function answerResponses(res: ServerResponse, { stream }: Json, { tool, text }: ReturnType<Say>): void {
  const call = tool && {
    type: 'function_call',
    id: 'fc-1',
    call_id: 'call-1',
    name: tool.name,
    arguments: JSON.stringify(tool.args),
    status: 'completed',
  };
  const message = {
    type: 'message',
    id: 'msg-1',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: text ?? '', annotations: [] }],
  };
  const usage = {
    input_tokens: 1,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 1,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 2,
  };
  let sequence = 0;
  const response = {
    id: 'resp-1',
    object: 'response',
    created_at: 1,
    model: 'default',
    status: 'completed',
    output: [call ?? message],
    usage,
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
  };
  if (stream !== true) {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(response));
    return;
  }
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = (type: string, rest: Json): string => `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...rest })}\n\n`;
  const item = { output_index: 0, item: call ?? message };
  res.write(event('response.created', { response: { ...response, status: 'in_progress', output: [] } }));
  res.write(event('response.output_item.added', item));
  res.write(event('response.output_item.done', item));
  res.end(event('response.completed', { response }));
}

function messageOf({ tool, text }: ReturnType<Say>): { content: string | null; tool_calls?: Json[] } {
  if (!tool) return { content: text ?? '' };
  return {
    content: null,
    tool_calls: [{ index: 0, id: 'call-1', type: 'function', function: { name: tool.name, arguments: JSON.stringify(tool.args) } }],
  };
}

function chunkOf(delta: Json, finish: string | null): Json {
  return { ...HEAD, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] };
}
