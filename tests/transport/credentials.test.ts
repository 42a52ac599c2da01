import { expect, it } from 'vitest';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { initialize, RawHttp } from '../support/raw-client.js';

it("brings a client's credential headers to the server's environment, and nobody else's", async () => {
  await using hearth = await startApp({ servers: { keyed: fixture('', { credentials: { TOKEN: 'X-Token' } }) } });
  await until(async () => (await fetch(`${hearth.url}/health/live`)).ok);
  const clients = await Promise.all(
    ['alice', 'bob'].map(async (token) => {
      const client = new RawHttp(`${hearth.url}/mcp`);
      const response = await client.post(initialize(0), { 'x-token': token });
      expect(await response.json()).toMatchObject({ id: 0, result: { serverInfo: { name: 'fixture' } } });
      client.session = response.headers.get('mcp-session-id') ?? undefined;
      return client;
    }),
  );
  await untilReady(hearth.url);
  expect(await Promise.all(clients.map((client) => client.call(1, 'env', { name: 'TOKEN' })))).toEqual(['alice', 'bob']);
});
