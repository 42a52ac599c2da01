// A stand-in for a model, to try tools without one: as much of OpenAI's chat API as LiteLLM needs. Told "call NAME {ARGUMENTS}" it calls
// that tool if it was offered, and then says what the tool answered. Anything else it answers with how it is used.
import { createServer } from 'node:http';

const HELP = 'I am no model. Say: call filesystem-list_directory {"path": "/data"}';

function answerTo({ messages = [], tools = [] }) {
  const last = messages.at(-1) ?? {};
  const text = Array.isArray(last.content) ? last.content.map((part) => part.text ?? '').join('') : String(last.content ?? '');
  if (last.role === 'tool') return { content: `The tool answered: ${text}` };
  const [, name, args = '{}'] = /^call (\S+)\s*(\{.*\})?/s.exec(text) ?? [];
  if (!name) return { content: HELP };
  if (!tools.some((tool) => tool.function?.name === name)) return { content: `There is no tool ${name}; ${tools.length} were offered.` };
  return { content: null, tool_calls: [{ index: 0, id: `call-${Date.now()}`, type: 'function', function: { name, arguments: args } }] };
}

createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req) body += chunk;
  if (!req.url.endsWith('/chat/completions')) {
    res.writeHead(404, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ error: { message: 'only /v1/chat/completions is here' } }));
    return;
  }
  const request = JSON.parse(body);
  const message = { role: 'assistant', ...answerTo(request) };
  const finish_reason = message.tool_calls ? 'tool_calls' : 'stop';
  const head = { id: `chat-${Date.now()}`, created: Math.floor(Date.now() / 1000), model: request.model };
  if (request.stream) {
    const chunk = (delta, reason) =>
      `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(`${chunk(message, null)}${chunk({}, finish_reason)}data: [DONE]\n\n`);
    return;
  }
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason }], usage }));
}).listen(8080);
process.on('SIGTERM', () => process.exit(0));
