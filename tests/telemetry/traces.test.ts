import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Redactor } from '../../src/telemetry/redactor.js';
import { verifies } from '../acceptance/requirements.js';
import { FIXTURE, fixture, startApp, until, untilReady } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { type Json, RawHttp } from '../support/raw-client.js';
import { received, scratchFile } from '../support/wire.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const OTHER = `00-11111111111111111111111111111111-2222222222222222-01`;
const LOADED = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'loaded-hearth.mjs');

const call = (name: string, args: Json = {}, meta?: Json): Json => ({
  jsonrpc: '2.0',
  id: 7,
  method: 'tools/call',
  params: { name, arguments: args, ...(meta && { _meta: meta }) },
});

describe('traces', () => {
  it(verifies(['O.telemetry'], 'are two spans for each request, one below the other, with the names of the conventions'), async () => {
    await using receiver = await OtlpReceiver.start();
    const hearth = await startApp({ servers: { fixture: fixture() }, traces: { endpoint: receiver.url, headers: { 'x-key': 'k' } } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await (await client.post(call('echo', { text: 'private' }))).text();
    await (await client.post(call('fail'))).text();
    await (await client.post(call('error', { code: -32050 }))).text();
    await client.request(8, 'resources/list');
    await hearth.app.stop();
    const [server, towards] = [receiver.of('tools/call echo', 'server'), receiver.of('tools/call echo', 'client')];
    expect(server?.attributes).toEqual({
      'mcp.method.name': 'tools/call',
      'mcp.session.id': client.session?.split('.')[0],
      'mcp.protocol.version': '2025-11-25',
      'gen_ai.tool.name': 'echo',
      'gen_ai.operation.name': 'execute_tool',
      'jsonrpc.request.id': '7',
      'network.transport': 'tcp',
      'hearth.server': 'fixture',
    });
    expect(towards?.attributes).toMatchObject({ 'network.transport': 'pipe', 'gen_ai.tool.name': 'echo' });
    expect(towards).toMatchObject({ traceId: server?.traceId, parentSpanId: server?.spanId });
    expect(server?.status.code ?? 0).toBe(0);
    expect(receiver.of('tools/call fail', 'server')).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'tool_error' } });
    expect(receiver.of('tools/call error', 'client')).toMatchObject({
      status: { code: 2 },
      attributes: { 'error.type': '-32050', 'rpc.response.status_code': '-32050' },
    });
    expect(receiver.spans.find(({ name }) => name === 'resources/list')?.attributes).not.toHaveProperty('gen_ai.operation.name');
    expect(receiver.resources[0]).toMatchObject({ 'service.name': 'hearth', 'service.version': '0.0.0-test' });
    expect(receiver.headers[0]).toMatchObject({ 'x-key': 'k' });
    expect(JSON.stringify(receiver.spans)).not.toContain('private');
  });

  it("go on with the client's trace, of which the message's own word wins, and hand it to the server", async () => {
    await using receiver = await OtlpReceiver.start();
    const journal = scratchFile();
    const { log, records } = recordedLog();
    const servers = { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) };
    const hearth = await startApp({ servers, traces: { endpoint: receiver.url } }, log);
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const headers = { traceparent: PARENT, tracestate: 'a=1', baggage: 'user=7', 'x-correlation-id': 'c1' };
    await (await client.post(call('echo', { text: 'a' }), headers)).text();
    await (await client.post(call('fail', {}, { traceparent: OTHER, progressToken: 3 }), headers)).text();
    await hearth.app.stop();
    const [server, towards] = [receiver.of('tools/call echo', 'server'), receiver.of('tools/call echo', 'client')];
    expect(server).toMatchObject({ traceId: TRACE, parentSpanId: '00f067aa0ba902b7' });
    const [first, second] = await received(journal, 'tools/call');
    const metaOf = (message: Json | undefined): Json => (message?.params as { _meta: Json } | undefined)?._meta ?? {};
    expect(metaOf(first)).toEqual({ traceparent: `00-${TRACE}-${towards?.spanId}-01`, tracestate: 'a=1', baggage: 'user=7' });
    expect(metaOf(second).traceparent).toMatch(/^00-1{32}-(?!2{16})[0-9a-f]{16}-01$/);
    expect(Object.keys(metaOf(second)).sort()).toEqual(['progressToken', 'traceparent']);
    expect(receiver.of('tools/call fail', 'server')).toMatchObject({ traceId: '1'.repeat(32), parentSpanId: '2'.repeat(16) });
    expect(records.find(({ correlationId }) => correlationId === 'c1')).toMatchObject({ traceId: TRACE });
  });

  it('hold what tools got and gave only on request, and no known secret even then', async () => {
    await using receiver = await OtlpReceiver.start();
    const redactor = new Redactor();
    redactor.add('API_TOKEN', 'sesame-open-9');
    const traces = { endpoint: `${receiver.url}/v1/traces`, content: true };
    const hearth = await startApp({ servers: { fixture: fixture() }, traces }, undefined, redactor);
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await client.call(1, 'echo', { text: 'say sesame-open-9' });
    await hearth.app.stop();
    const span = receiver.of('tools/call echo', 'server');
    expect(span?.attributes['gen_ai.tool.call.arguments']).toBe('{"text":"say [redacted:API_TOKEN]"}');
    expect(span?.attributes['gen_ai.tool.call.result']).toContain('say [redacted:API_TOKEN]');
  });

  it('leave out those that the client or the share does not want', async () => {
    await using receiver = await OtlpReceiver.start();
    const hearth = await startApp({ servers: { fixture: fixture() }, traces: { endpoint: receiver.url, samplePercent: 0 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await client.call(1, 'echo', { text: 'a' });
    await (await client.post(call('fail'), { traceparent: PARENT })).text();
    await (await client.post(call('error'), { traceparent: PARENT.replace(/01$/, '00') })).text();
    await hearth.app.stop();
    expect([...new Set(receiver.spans.map(({ name }) => name))]).toEqual(['tools/call fail']);
  });

  it('harm nobody while the receiver is away, and say so once', async () => {
    const { log, records } = recordedLog();
    const hearth = await startApp({ servers: { fixture: fixture() }, traces: { endpoint: 'http://127.0.0.1:1' } }, log);
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    for (let id = 0; id < 20; id++) expect(await client.call(id, 'echo', { text: 'a' })).toBe('a');
    await hearth.app.stop();
    expect(records.filter(({ event }) => event === 'traces_failed')).toHaveLength(1);
  });

  it.each([
    ['without an endpoint loads nothing of OpenTelemetry', [], false],
    ['with one does', ['--traces-endpoint', 'http://127.0.0.1:1'], true],
  ])('the program %s', async (_what, flags, isLoaded) => {
    const child = spawn(process.execPath, [LOADED, 'wrap', '--port', '0', '--log-format', 'json', ...flags, '--', process.execPath, FIXTURE]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk));
    await until(() => out.includes('"listening"'), 20_000);
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(err.includes('loaded ')).toBe(isLoaded);
  });
});
