import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { initialize, type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { RawSocket } from '../support/socket.js';

const LIMIT = 100_000;
const JSON_TYPE = { 'content-type': 'application/json' };
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

let hearth: RunningApp;
let bystander: RawHttp;

beforeAll(async () => {
  hearth = await startApp({ servers: { fixture: fixture() }, limits: { message: LIMIT } });
  await untilReady(hearth.url);
});
afterAll(() => hearth[Symbol.asyncDispose]());

beforeEach(async () => {
  bystander = new RawHttp(`${hearth.url}/mcp`);
  await bystander.open();
});
afterEach(async () => {
  expect(await bystander.call('still', 'echo', { text: 'undisturbed' })).toBe('undisturbed');
  await bystander.close();
});

/** The JSON-RPC error of an answer that must be readable as one. */
async function errorOf(response: Response): Promise<{ code: number; message: string; id: unknown }> {
  expect(response.headers.get('content-type')).toBe('application/json');
  const body = (await response.json()) as Json;
  expect(body.jsonrpc).toBe('2.0');
  return { ...(body.error as { code: number; message: string }), id: body.id };
}

describe('a body that is no message is refused on /mcp and on /messages', () => {
  const cases: Array<[what: string, body: string | Uint8Array<ArrayBuffer>, code: number, text: string]> = [
    ['malformed JSON', '{"jsonrpc":', -32700, 'not valid JSON'],
    ['nothing', '', -32700, 'not valid JSON'],
    ['invalid UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22]), -32700, 'not valid UTF-8'],
    ['a batch', `[${PING}]`, -32600, 'batches are not supported'],
    ['no object', '42', -32600, 'a message is a JSON object'],
    ['no jsonrpc', '{"id":1,"method":"ping"}', -32600, '"jsonrpc" must be "2.0"'],
    ['a method that is no text', '{"jsonrpc":"2.0","id":1,"method":7}', -32600, '"method" must be a string'],
    ['params that are no object', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', -32600, '"params" must be an object'],
    ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, '"id" must be a string or a number'],
    ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600, '"id" must be a string or a number'],
    ['result and error at once', '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', -32600, 'either a "result" or an "error"'],
  ];
  it.each(cases)('%s', async (_what, body, code, text) => {
    const sse = await RawSse.open(`${hearth.url}/sse`);
    const target = new URL(sse.endpoint ?? '', hearth.url);
    const onMcp = await fetch(`${hearth.url}/mcp`, { method: 'POST', headers: bystander.headers(), body });
    const onMessages = await fetch(target, { method: 'POST', headers: JSON_TYPE, body });
    for (const response of [onMcp, onMessages]) {
      expect(response.status).toBe(400);
      const error = await errorOf(response);
      expect(error).toMatchObject({ code, id: null });
      expect(error.message).toContain(text);
    }
    expect(sse.ended).toBe(false);
    sse.close();
  });

  it('but a fractional id is one, and comes back as it was', async () => {
    expect(
      await (await bystander.post('{"jsonrpc":"2.0","id":1.5,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a"}}}')).text(),
    ).toContain('"id":1.5');
  });
});

describe('headers', () => {
  it.each([undefined, 'text/plain', 'application/jsonx', 'multipart/form-data'])('content type %s is 415', async (type) => {
    const headers: Record<string, string> = { ...bystander.headers(), 'content-type': type ?? '' };
    const response = await fetch(`${hearth.url}/mcp`, { method: 'POST', headers, body: PING });
    expect(response.status).toBe(415);
    expect((await errorOf(response)).message).toBe('Content-Type must be application/json.');
  });

  it('a charset beside the type is fine', async () => {
    expect((await bystander.post(PING, { 'content-type': 'Application/JSON; charset=utf-8' })).status).toBe(200);
  });

  it('a body that is compressed is 415, "identity" is not', async () => {
    const response = await bystander.post(PING, { 'content-encoding': 'gzip' });
    expect(response.status).toBe(415);
    expect((await errorOf(response)).message).toContain('"gzip" is not supported');
    expect((await bystander.post(PING, { 'content-encoding': 'identity' })).status).toBe(200);
  });

  it.each([
    ['application/json', 406],
    ['text/event-stream', 406],
    ['text/html', 406],
    ['*/*', 200],
    ['application/*, text/*', 200],
    ['Application/JSON;q=0.9, TEXT/event-stream', 200],
  ])('a POST that accepts %s is %d', async (accept, status) => {
    const response = await bystander.post(PING, { accept });
    expect(response.status).toBe(status);
    if (status === 406) expect((await errorOf(response)).message).toBe('Accept must include application/json and text/event-stream.');
  });

  it('no Accept at all is 406 on /mcp', async () => {
    await using socket = new RawSocket(hearth.url).read();
    socket.write(`POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${PING.length}\r\n\r\n${PING}`);
    await until(() => socket.status !== undefined);
    expect(socket.status).toBe(406);
  });

  it('GET /mcp and GET /sse need an Accept for event streams', async () => {
    for (const path of ['mcp', 'sse']) {
      const response = await fetch(`${hearth.url}/${path}`, { headers: { ...bystander.headers(), accept: 'application/json' } });
      expect(response.status).toBe(406);
      await errorOf(response);
    }
  });

  it.each(['1999-01-01', 'nonsense'])('MCP-Protocol-Version %s is 400', async (version) => {
    const response = await bystander.post(PING, { 'mcp-protocol-version': version });
    expect(response.status).toBe(400);
    expect((await errorOf(response)).message).toContain(`"${version}" is not supported`);
  });

  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('MCP-Protocol-Version %s is fine', async (version) => {
    expect((await bystander.post(PING, { 'mcp-protocol-version': version })).status).toBe(200);
  });
});

describe('a body over the limit is 413, and the client gets to read it', () => {
  const tooLarge = 5_000_000;
  const head = (session: string | undefined, length: string): string =>
    `POST /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: ${session}\r\nAccept: */*\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;

  it('with Content-Length', async () => {
    const response = await bystander.post('x'.repeat(tooLarge));
    expect(response.status).toBe(413);
    expect((await errorOf(response)).message).toBe(`The message is larger than the limit of ${LIMIT} bytes (--max-message-size).`);
  });

  it('without Content-Length', async () => {
    await using socket = new RawSocket(hearth.url).read();
    socket.write(head(bystander.session, 'Transfer-Encoding: chunked'));
    for (let sent = 0; sent <= tooLarge; sent += 50_000) socket.write(`c350\r\n${'x'.repeat(50_000)}\r\n`);
    socket.write('0\r\n\r\n');
    await until(() => socket.received.includes('--max-message-size'));
    expect(socket.status).toBe(413);
  });

  it('before the body has come to its end', async () => {
    await using socket = new RawSocket(hearth.url).read();
    socket.write(`${head(bystander.session, `Content-Length: ${tooLarge}`)}${'x'.repeat(LIMIT + 1)}`);
    await until(() => socket.received.includes('--max-message-size'));
    expect(socket.status).toBe(413);
    expect(socket.ended).toBe(false);
  });

  it('exactly at the limit it passes', async () => {
    const body = PING.padEnd(LIMIT, ' ');
    expect((await bystander.post(body)).status).toBe(200);
  });

  it('a client that leaves in the middle of its body disturbs nobody', async () => {
    const before = hearth.app.sessions.size;
    await using socket = new RawSocket(hearth.url).read();
    socket.write(`${head(bystander.session, 'Content-Length: 500')}{"half":`);
    await until(async () => (await bystander.post(PING)).ok);
    socket.destroy();
    await until(() => socket.ended);
    expect(hearth.app.sessions.size).toBe(before);
  });
});

describe('sessions and handshakes', () => {
  it('an unknown session is 404, none is 400', async () => {
    const stranger = new RawHttp(`${hearth.url}/mcp`);
    const missing = await stranger.post(PING);
    expect(missing.status).toBe(400);
    expect((await errorOf(missing)).message).toContain('send initialize first');
    stranger.session = 'no-such-session';
    for (const method of ['POST', 'GET', 'DELETE']) {
      const response = await fetch(stranger.url, {
        method,
        headers: stranger.headers({ accept: '*/*' }),
        ...(method === 'POST' && { body: PING }),
      });
      expect(response.status).toBe(404);
      expect(await errorOf(response)).toMatchObject({ code: -32001 });
    }
  });

  it('on /messages too', async () => {
    const post = (query: string): Promise<Response> => fetch(`${hearth.url}/messages${query}`, { method: 'POST', headers: JSON_TYPE, body: PING });
    for (const query of ['', '?sessionId=']) {
      const missing = await post(query);
      expect(missing.status).toBe(400);
      expect((await errorOf(missing)).message).toContain('open GET /sse first');
    }
    const unknown = await post('?sessionId=00000000-0000-4000-8000-000000000000');
    expect(unknown.status).toBe(404);
    expect(await errorOf(unknown)).toMatchObject({ code: -32001 });
  });

  it('a second initialize is refused and changes nothing, every time', async () => {
    for (const id of [1, 2]) {
      const [reply] = await bystander.request(id, 'initialize', initialize(id).params as Json);
      expect(reply).toMatchObject({ id, error: { code: -32600, message: expect.stringContaining('already initialized') } });
    }
    const [bad] = await bystander.request(3, 'initialize', {});
    expect(bad).toMatchObject({ error: { code: -32602 } });
    const [again] = await bystander.request(4, 'initialize', initialize(4).params as Json);
    expect(again).toMatchObject({ error: { code: -32600 } });
  });

  it.each([
    ['no params', undefined],
    ['no version', { capabilities: {} }],
    ['a version that is no text', { protocolVersion: 1 }],
    ['capabilities that are no object', { protocolVersion: '2025-11-25', capabilities: [] }],
  ])('initialize with %s is refused and leaves no session', async (_what, params) => {
    const before = hearth.app.sessions.size;
    const stranger = new RawHttp(`${hearth.url}/mcp`);
    const [reply] = await stranger.request(1, 'initialize', params);
    expect(reply).toMatchObject({ id: 1, error: { code: -32602 } });
    expect(hearth.app.sessions.size).toBe(before);
  });

  it('server/discover is answered with the way out, and reaches no server', async () => {
    const [reply] = await bystander.request(1, 'server/discover', {});
    expect(reply).toMatchObject({ id: 1, error: { code: -32601, message: expect.stringContaining('send initialize') } });
  });
});
