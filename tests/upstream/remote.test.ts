import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { metric, received, scratchFile } from '../support/wire.js';

/** Two hearths: the far one runs the fixture, the near one reaches it over a transport. */
async function twoHops(path: 'sse' | 'mcp', far: RunningApp): Promise<RunningApp> {
  const near = await startApp({ servers: { far: { url: `${far.url}/${path}`, backoffMin: 20 } } });
  await untilReady(near.url);
  return near;
}

describe.each(['sse', 'mcp'] as const)('a remote server over %s', (path) => {
  it(verifies(['A.upstreams'], 'lists, calls, reports progress and asks its client, through both hops'), async () => {
    const journal = scratchFile();
    await using far = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) } });
    await untilReady(far.url);
    await using near = await twoHops(path, far);
    const client = await RawSse.open(`${near.url}/sse`);
    await client.initialize({ sampling: {} });
    expect(JSON.stringify(await client.request(1, 'tools/list'))).toContain('fixture tool echo');
    expect(await client.call('two', 'echo', { text: 'ünï \u2028' })).toBe('ünï \u2028');
    await client.request(3, 'tools/call', { name: 'progress', arguments: { steps: 2, ms: 20 }, _meta: { progressToken: 'mine' } });
    const progress = client.messages.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params);
    expect(progress).toEqual([1, 2].map((n) => ({ progressToken: 'mine', progress: n, total: 2 })));
    const asking = client.request(4, 'tools/call', { name: 'ask', arguments: { method: 'sampling/createMessage' } });
    await client.until(() => client.messages.some(({ method }) => method === 'sampling/createMessage'));
    await client.send({ jsonrpc: '2.0', id: client.messages.find(({ method }) => method === 'sampling/createMessage')?.id, result: { hello: 1 } });
    expect(JSON.stringify(await asking)).toContain('hello');
    await client.call(5, 'emit', { method: 'notifications/tools/list_changed' });
    await client.until(() => client.messages.some(({ method }) => method === 'notifications/tools/list_changed'));
    await client.send({ jsonrpc: '2.0', id: 6, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 60_000 } } });
    await until(async () => (await received(journal, 'tools/call')).some(({ params }) => (params as Json).name === 'sleep'));
    await client.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 6 } });
    await until(async () => (await received(journal, 'notifications/cancelled')).length === 1);
    client.close();
    await near.app.stop();
    await until(() => far.app.sessions.size === 0);
  });

  it(verifies(['A.upstreams'], 'that was restarted is initialised again, and the next call works'), async () => {
    const first = await startApp({ servers: { fixture: fixture() } });
    await untilReady(first.url);
    await using near = await twoHops(path, first);
    const client = new RawHttp(`${near.url}/mcp`);
    await client.open();
    expect(await client.call(1, 'echo', { text: 'before' })).toBe('before');
    const port = Number(new URL(first.url).port);
    await first.app.stop();
    await using second = await startApp({ servers: { fixture: fixture() }, listen: { port } });
    await untilReady(second.url);
    await until(async () => (await client.call(2, 'echo', { text: 'after' })) === 'after');
  });

  it('that is away fails calls fast, and is found again by itself', async () => {
    const far = await startApp({ servers: { fixture: fixture() } });
    await untilReady(far.url);
    const port = Number(new URL(far.url).port);
    await using near = await startApp({ servers: { far: { url: `${far.url}/${path}`, backoffMin: 20 }, good: fixture() } });
    await untilReady(near.url);
    const client = new RawHttp(`${near.url}/mcp`);
    await client.open();
    await far.app.stop();
    await until(async () => (await client.call(1, 'far__echo', { text: 'x' })).includes('cannot reach'));
    expect(await client.call(2, 'good__echo', { text: 'fine' })).toBe('fine');
    const { reasons } = (await (await fetch(`${near.url}/health`)).json()) as { reasons: string[] };
    expect(reasons.join()).toContain('cannot reach'); // and not ready, whatever the transport
    await using back = await startApp({ servers: { fixture: fixture() }, listen: { port } });
    await untilReady(back.url);
    await until(async () => (await client.call(3, 'far__echo', { text: 'back' })) === 'back', 15_000);
  });

  it('is given the headers of the config, over TLS with its own authority', async () => {
    await using far = await startApp({ servers: { fixture: fixture() } });
    await untilReady(far.url);
    const folder = mkdtempSync(join(tmpdir(), 'hearth-test-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', ...subject], {
      stdio: 'ignore',
    });
    const seen: unknown[] = [];
    const proxy = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (req, res) => {
      seen.push(req.headers.authorization);
      const { host: _host, ...headers } = req.headers;
      const onward = plainRequest(far.url + req.url, { method: req.method, headers }, (answer) => {
        res.writeHead(answer.statusCode ?? 500, answer.headers).flushHeaders();
        answer.pipe(res);
      });
      onward.on('error', () => res.destroy());
      res.on('close', () => onward.destroy());
      req.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const url = `https://localhost:${(proxy.address() as AddressInfo).port}/${path}`;
    const headers = { Authorization: 'Bearer abc' };
    await using trusting = await startApp({ servers: { far: { url, headers, ca: cert } } });
    await untilReady(trusting.url);
    await using distrusting = await startApp({ servers: { far: { url, headers } } });
    await until(async () => (await (await fetch(`${distrusting.url}/health`)).text()).includes('self-signed certificate'));
    const client = new RawHttp(`${trusting.url}/mcp`);
    await client.open();
    expect(await client.call(1, 'echo', { text: 'tls' })).toBe('tls');
    expect(new Set(seen)).toEqual(new Set(['Bearer abc']));
    expect(await metric(trusting.url, 'mcp_child_up')).toBe(1);
    proxy.close();
    proxy.closeAllConnections();
  });
});
