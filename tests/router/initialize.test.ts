import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { initialize, type Json, messagesOf, RawHttp, RawSse } from '../support/raw-client.js';
import { received, scratchFile } from '../support/wire.js';

describe('initialize', () => {
  it(verifies(['RULE3'], 'costs one for fifty clients at once, even before the child is ready'), async () => {
    const journal = scratchFile();
    const env = { FIXTURE_JOURNAL: journal, FIXTURE_START_DELAY: '300' };
    await using hearth = await startApp({ servers: { fixture: fixture('', { env }) } });
    const clients = Array.from({ length: 50 }, () => new RawHttp(`${hearth.url}/mcp`));
    const results = await Promise.all(clients.map((client) => client.open()));
    for (const result of results) expect(result).toMatchObject({ serverInfo: { name: 'fixture' }, instructions: 'Be kind.' });
    expect(await received(journal, 'initialize')).toHaveLength(1);
    expect(await received(journal, 'notifications/initialized')).toHaveLength(1);
    expect(new Set(clients.map(({ session }) => session)).size).toBe(50);
  });

  it(verifies(['RULE3'], 'does not keep a failed one'), async () => {
    const env = { FIXTURE_STARTS: scratchFile() };
    await using hearth = await startApp({ servers: { fixture: fixture('exit-first', { env }) } });
    const client = new RawHttp(`${hearth.url}/mcp`);
    expect(await client.open()).toMatchObject({ serverInfo: { name: 'fixture' } });
  });

  it.each([
    ['2024-11-05', '2025-11-25', '2024-11-05'],
    ['2025-03-26', '2025-11-25', '2025-03-26'],
    ['2025-11-25', '2025-11-25', '2025-11-25'],
    ['2099-01-01', '2025-11-25', '2025-11-25'],
    ['2025-11-25', '2024-11-05', '2024-11-05'],
    ['1.0', '2025-06-18', '2025-06-18'],
  ])('negotiates: client %s, server %s -> %s', async (offered, served, agreed) => {
    await using hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_VERSION: served } }) } });
    await untilReady(hearth.url);
    for (const open of [new RawHttp(`${hearth.url}/mcp`).open({}, offered), sseInitialize(`${hearth.url}/sse`, offered)]) {
      expect((await open).protocolVersion).toBe(agreed);
    }
  });

  it('offers a shared child the capabilities of the config, under its own name', async () => {
    const journal = scratchFile();
    const server = fixture('', { env: { FIXTURE_JOURNAL: journal }, offer: ['elicitation'] });
    await using hearth = await startApp({ servers: { fixture: server } });
    await untilReady(hearth.url);
    const [message] = await received(journal, 'initialize');
    expect(message?.params).toMatchObject({ protocolVersion: '2025-11-25', clientInfo: { name: 'hearth' } });
    expect(message?.params).toHaveProperty('capabilities', { elicitation: { form: {}, url: {} } });
  });

  it('is answered while the child is down, once it has been known', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture('', { backoffMin: 5_000 }) } });
    await untilReady(hearth.url);
    const first = new RawHttp(`${hearth.url}/mcp`);
    await first.open();
    await first.request(1, 'tools/call', { name: 'die' });
    await until(async () => !(await fetch(`${hearth.url}/health/ready`)).ok);
    expect(await new RawHttp(`${hearth.url}/mcp`).open()).toMatchObject({ serverInfo: { name: 'fixture' } });
  });

  it('fails with the reason when the server cannot start, and the session with it', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture('exit-at-start', { maxRestarts: 1 }) } });
    await until(async () => JSON.stringify(await (await fetch(`${hearth.url}/status`)).json()).includes('"failed"'));
    const response = await new RawHttp(`${hearth.url}/mcp`).post(initialize(1));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    const [message] = await messagesOf(response);
    expect(JSON.stringify(message)).toContain('exited with code 3');
    expect((await fetch(`${hearth.url}/sse`)).status).toBe(503);
    expect(hearth.app.sessions.size).toBe(0);
  });
});

async function sseInitialize(url: string, version: string): Promise<Json> {
  const client = await RawSse.open(url);
  const result = await client.initialize({}, version);
  client.close();
  return result;
}
