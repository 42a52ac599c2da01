// The floor: the least that a Node program can do to serve a stdio server over HTTP. Plain node:http, a session is a
// name, ids are rewritten by the position that the server under test writes them at, and nothing is checked, limited,
// counted or logged.  node forwarder.mjs PORT COMMAND [ARG...]
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const [port, command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
/**
 * By the id on the child's side: the client's own id, and the way back. Not in a Map: its old tables would keep every request from being
 * collected, which costs a fifth more (docs/benchmarks.md).
 */
const waiting = Object.create(null);
const streams = new Map();
let nextId = 1;
let queue = '';

function ask(text, reply) {
  const message = JSON.parse(text);
  const { id, params } = message;
  if (id !== undefined) {
    message.id = nextId++;
    const token = params?._meta?.progressToken;
    if (token !== undefined) params._meta.progressToken = message.id;
    waiting[message.id] = { id, token, reply };
  }
  if (queue === '') queueMicrotask(flush);
  queue += `${JSON.stringify(message)}\n`;
  return id;
}

function flush() {
  child.stdin.write(queue);
  queue = '';
}

let held = [];
child.stdout.on('data', (chunk) => {
  let from = 0;
  for (let lf = chunk.indexOf(10); lf >= 0; lf = chunk.indexOf(10, from)) {
    held.push(chunk.subarray(from, lf));
    answer(held.length === 1 ? held[0] : Buffer.concat(held));
    held = [];
    from = lf + 1;
  }
  if (from < chunk.length) held.push(chunk.subarray(from));
});

const BEFORE_ID = '{"jsonrpc":"2.0","id":';

/** A reply goes on as bytes, with another id in front. */
function answer(line) {
  if (line.latin1Slice(0, BEFORE_ID.length) !== BEFORE_ID) {
    notify(JSON.parse(line.toString()));
    return;
  }
  const end = line.indexOf(','.charCodeAt(0), BEFORE_ID.length);
  const upstream = Number(line.latin1Slice(BEFORE_ID.length, end));
  const request = waiting[upstream];
  delete waiting[upstream];
  request?.reply(`${BEFORE_ID}${JSON.stringify(request.id)}`, line.subarray(end), true);
}

function notify(message) {
  const request = waiting[message.params?.progressToken];
  if (!request) return;
  message.params.progressToken = request.token;
  request.reply(JSON.stringify(message), undefined, false);
}

function write(res, head, rest, framing) {
  if (rest === undefined) res.write(framing[0] + head + framing[1]);
  else if (rest.length < 65_536) res.write(framing[0] + head + rest.utf8Slice() + framing[1]);
  else {
    res.cork();
    res.write(framing[0] + head);
    res.write(rest);
    res.write(framing[1]);
    res.uncork();
  }
}

const EVENT = ['event: message\ndata: ', '\n\n'];
const STREAM = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' };

function post(req, use) {
  let text = '';
  req.setEncoding('utf8');
  req.on('data', (part) => (text += part));
  req.on('end', () => use(text));
}

/** Streamable HTTP: JSON, or an event stream once something comes before the reply. */
function onMcp(req, res) {
  if (req.method === 'DELETE') {
    res.writeHead(200).end();
    return;
  }
  post(req, (text) => {
    const session = req.headers['mcp-session-id'] ?? randomUUID();
    let streaming = false;
    const id = ask(text, (head, rest, last) => {
      if (!last || streaming) {
        if (!streaming) res.writeHead(200, { ...STREAM, 'Mcp-Session-Id': session });
        streaming = true;
        write(res, head, rest, EVENT);
        if (last) res.end();
      } else if (rest.length < 65_536) {
        const body = head + rest.utf8Slice();
        res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), 'Mcp-Session-Id': session }).end(body);
      } else {
        const length = head.length + rest.length;
        res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': length, 'Mcp-Session-Id': session }).write(head);
        res.end(rest);
      }
    });
    if (id === undefined) res.writeHead(202).end();
  });
}

function onSse(_req, res) {
  const session = randomUUID();
  streams.set(session, res);
  res.on('close', () => streams.delete(session));
  res.writeHead(200, STREAM).write(`event: endpoint\ndata: /messages?sessionId=${session}\n\n`);
}

function onMessages(req, res) {
  post(req, (text) => {
    const stream = streams.get(req.url.slice(req.url.indexOf('=') + 1));
    res.writeHead(202).end('Accepted');
    ask(text, (head, rest) => write(stream, head, rest, EVENT));
  });
}

const server = createServer((req, res) => {
  if (req.url === '/mcp') onMcp(req, res);
  else if (req.url === '/sse') onSse(req, res);
  else onMessages(req, res);
});
server.listen(Number(port), '127.0.0.1');
