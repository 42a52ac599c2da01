// The stdio server under test: as little work as a server can do, so that what is measured is what stands before it.
// Tools: echo {text}; blob {bytes}: that much text; stream {count}: that many progress notifications, then a result;
// and as many others as its first argument says.
const tools = [
  { name: 'echo', inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } },
  { name: 'blob', inputSchema: { type: 'object', properties: { bytes: { type: 'number' } } } },
  { name: 'stream', inputSchema: { type: 'object', properties: { count: { type: 'number' } } } },
];
for (let more = 1; tools.length < Number(process.argv[2] ?? 0); more++) {
  tools.push({ name: `tool_${more}`, description: `Tool number ${more} of many`, inputSchema: { type: 'object', properties: {} } });
}

const RESULTS = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'bench', version: '1' } }),
  'tools/list': () => ({ tools }),
  'tools/call': ({ name, arguments: args, _meta }) => CALLS[name](args, _meta),
  ping: () => ({}),
};

const CALLS = {
  echo: ({ text }) => ({ content: [{ type: 'text', text }] }),
  blob: ({ bytes }) => ({ content: [{ type: 'text', text: 'x'.repeat(bytes) }] }),
  stream({ count }, meta) {
    const progressToken = meta?.progressToken;
    for (let progress = 1; progress <= count && progressToken !== undefined; progress++) {
      out += `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress, total: count } })}\n`;
    }
    return { content: [{ type: 'text', text: `${count} sent` }] };
  },
};

let out = '';
let held = [];

process.stdin.on('data', (chunk) => {
  let from = 0;
  for (let lf = chunk.indexOf(10); lf >= 0; lf = chunk.indexOf(10, from)) {
    held.push(chunk.subarray(from, lf));
    answer(JSON.parse(held.length === 1 ? held[0] : Buffer.concat(held)));
    held = [];
    from = lf + 1;
  }
  if (from < chunk.length) held.push(chunk.subarray(from));
  if (out !== '') process.stdout.write(out);
  out = '';
});

function answer({ id, method, params }) {
  if (id === undefined || method === undefined) return;
  const result = RESULTS[method]?.(params);
  out += result
    ? `${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`
    : `${JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } })}\n`;
}
