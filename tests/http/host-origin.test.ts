import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { RawSocket } from '../support/socket.js';
import { metric } from '../support/wire.js';

let hearth: RunningApp;
let open: RunningApp;

beforeAll(async () => {
  hearth = await startApp({
    servers: { fixture: fixture() },
    http: { allowedHosts: ['Tools.Example.com'], allowedOrigins: ['https://chat.example.com'] },
  });
  open = await startApp({ servers: { fixture: fixture() }, http: { allowedHosts: ['*'], allowedOrigins: ['*'] } });
  await untilReady(hearth.url);
});
afterAll(() => Promise.all([hearth[Symbol.asyncDispose](), open[Symbol.asyncDispose]()]));

/** Sends exactly these header lines. @returns the answer as text */
async function send(url: string, lines: readonly string[], request = 'GET /health/live'): Promise<string> {
  await using socket = new RawSocket(url).read();
  socket.write([`${request} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n'));
  await until(() => socket.ended);
  return socket.received;
}

const statusOf = (answer: string): number => Number(answer.slice(9, 12));

describe('Host', () => {
  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST',
    '127.0.0.1',
    '127.0.0.1:65535',
    '[::1]',
    '[::1]:8080',
    '192.168.1.20:8080',
    '[fd00::20]',
    '[::ffff:10.0.0.1]:80',
    'tools.example.com',
    'TOOLS.example.com:443',
  ])(verifies(['X.origin'], '%s passes'), async (host) => {
    expect(statusOf(await send(hearth.url, [`Host: ${host}`]))).toBe(200);
  });

  it.each([
    'localhost.evil.com',
    'evil.com',
    'localhost.',
    'tools.example.com.evil.com',
    'evil-localhost',
    '',
    'localhost:port',
    'localhost:123456',
    'localhost:65536',
    'localhost:',
    'localhost:80@evil.com',
    'localhost@evil.com',
    'localhost:80#evil.com',
    'localhost,evil.com',
    'localhost%00.evil.com',
    'localhost%2eevil.com',
    'tools.example.com@evil.com',
    'tools.example.com.',
    'xtools.example.com',
    'null',
    '*',
    '[::1%25eth0]',
    '[127.0.0.1]',
    '999.1.1.1',
    '127.0.0.1.evil.com',
    '017700000001',
    '2130706433',
    'localhost:80:80',
    'user@localhost',
    'localhost/evil',
    'localhost evil',
    '::1',
    '[::1',
    '[::1]evil',
    '[evil.com]',
    '127.1',
    '0x7f000001',
  ])(verifies(['X.origin'], '"%s" is 403'), async (host) => {
    const answer = await send(hearth.url, [`Host: ${host}`]);
    expect(statusOf(answer)).toBe(403);
    expect(answer).toContain('"message":"Forbidden: this Host is not allowed. Name it with --allowed-hosts if it is yours."');
  });

  it('twice is 403, even if both are fine', async () => {
    const before = await metric(hearth.url, 'mcp_requests_rejected_total', 'reason="host_or_origin"');
    expect(statusOf(await send(hearth.url, ['Host: localhost', 'Origin: http://localhost', 'Origin: http://localhost']))).toBe(403);
    const twice = await send(hearth.url, ['Host: localhost', 'host: localhost']);
    expect([400, 403]).toContain(statusOf(twice)); // newer releases of Node refuse it themselves
    expect(await metric(hearth.url, 'mcp_requests_rejected_total', 'reason="host_or_origin"')).toBeGreaterThan(before);
  });

  it.each([
    ['GET http://localhost/health/live', 200],
    ['GET http://127.0.0.1:8080/health/live', 200],
    ['GET HTTP://tools.example.com/health/live', 200],
    ['GET http://evil.com/health/live', 403],
    ['GET http://localhost.evil.com/health/live', 403],
    ['GET http://localhost@evil.com/health/live', 403],
    ['GET http://localhost:80@evil.com/health/live', 403],
    ['GET x://evil.com/health/live', 403],
    ['GET http:///health/live', 403],
    ['GET //evil.com/health/live', 404],
  ])('the host of the target "%s" counts as well', async (request, status) => {
    expect(statusOf(await send(hearth.url, ['Host: localhost'], request))).toBe(status);
  });

  it.each([
    ...['/mcp', '/sse', '/messages', '/servers/fixture/mcp', '/servers/none/mcp', '/status', '/metrics', '/health', '/health/live', '/health/ready'],
    ...['/servers/fixture/reset', '/', '/nothing', '/.well-known/oauth-protected-resource'],
  ])('is checked before anything else at %s, whatever the method', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'OPTIONS', 'HEAD']) {
      expect(statusOf(await send(hearth.url, ['Host: evil.com'], `${method} ${path}`))).toBe(403);
      expect(statusOf(await send(hearth.url, ['Host: localhost', 'Origin: null'], `${method} ${path}`))).toBe(403);
    }
  });

  it('may be anything when that is asked for', async () => {
    expect(statusOf(await send(open.url, ['Host: anything.example', 'Origin: https://evil.com']))).toBe(200);
    expect(statusOf(await send(open.url, ['Host: not a host']))).toBe(403);
    for (const origin of ['null', 'nonsense', 'https://a@b'])
      expect(statusOf(await send(open.url, ['Host: localhost', `Origin: ${origin}`]))).toBe(403);
  });
});

describe('Origin', () => {
  it.each([
    undefined,
    'http://localhost',
    'http://localhost:3000',
    'https://LOCALHOST:3000',
    'http://127.0.0.1:8080',
    'http://[::1]:8080',
    'https://chat.example.com',
  ])('%s passes', async (origin) => {
    expect(statusOf(await send(hearth.url, ['Host: localhost', ...(origin ? [`Origin: ${origin}`] : [])]))).toBe(200);
  });

  it.each([
    'null',
    'https://evil.com',
    'http://localhost.evil.com',
    'http://evil.com#localhost',
    'http://evil.com/localhost',
    'http://localhost@evil.com',
    'http://localhost:3000/',
    'https://chat.example.com:8443',
    'http://chat.example.com',
    'https://chat.example.com.evil.com',
    'file://localhost',
    'localhost',
    'http://192.168.1.20',
    'http://',
    'http://localhost:99999',
    'http://localhost, http://localhost',
    'http://localhost http://evil.com',
    'http://localhost?evil.com',
    'http://127.0.0.1.evil.com',
    'NULL',
    '*',
    'javascript:alert(1)',
    'chrome-extension://localhost',
  ])(verifies(['X.origin'], '%s is 403'), async (origin) => {
    const answer = await send(hearth.url, ['Host: localhost', `Origin: ${origin}`], 'POST /mcp');
    expect(statusOf(answer)).toBe(403);
    expect(answer).toContain('this Origin is not allowed');
    expect(answer).not.toContain('Access-Control-Allow-Origin');
  });
});

describe('CORS', () => {
  it('answers a preflight of an allowed page', async () => {
    const preflight = ['Host: localhost', 'Origin: https://chat.example.com', 'Access-Control-Request-Method: POST'];
    const answer = await send(hearth.url, preflight, 'OPTIONS /mcp');
    expect(statusOf(answer)).toBe(204);
    expect(answer).toContain('Access-Control-Allow-Origin: https://chat.example.com\r\n');
    expect(answer).toContain('Access-Control-Allow-Methods: GET, POST, DELETE\r\n');
    expect(answer).toMatch(/Access-Control-Allow-Headers: .*Mcp-Session-Id, MCP-Protocol-Version/);
    expect(answer).toContain('Vary: Origin\r\n');
  });

  it('refuses the preflight of any other', async () => {
    const answer = await send(hearth.url, ['Host: localhost', 'Origin: https://evil.com', 'Access-Control-Request-Method: POST'], 'OPTIONS /mcp');
    expect(statusOf(answer)).toBe(403);
  });

  it('lets an allowed page read answers and the session id', async () => {
    const answer = await send(hearth.url, ['Host: localhost', 'Origin: http://localhost:5173']);
    expect(answer).toContain('Access-Control-Allow-Origin: http://localhost:5173\r\n');
    expect(answer).toContain('Access-Control-Expose-Headers: Mcp-Session-Id, X-Correlation-ID,');
    expect(await send(hearth.url, ['Host: localhost'])).not.toContain('Access-Control');
  });

  it('OPTIONS that is no preflight is 405', async () => {
    expect(statusOf(await send(hearth.url, ['Host: localhost', 'Origin: http://localhost'], 'OPTIONS /mcp'))).toBe(405);
  });
});
