import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, untilReady } from '../support/app.js';
import { RawHttp, RawSse } from '../support/raw-client.js';

describe('correlation on one shared child', () => {
  it(verifies(['RULE1', 'W4.shared'], 'gives 20 clients with the same ids their own replies, 2,000 in all'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const http = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const client = new RawHttp(`${hearth.url}/mcp`);
        await client.open();
        return client;
      }),
    );
    const sse = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const client = await RawSse.open(`${hearth.url}/sse`);
        await client.initialize();
        return client;
      }),
    );
    const clients = [...http, ...sse];
    const calls = clients.flatMap((client, who) =>
      Array.from({ length: 100 }, async (_, n) => ({ got: await client.call(n, 'echo', { text: `${who}/${n}` }), wanted: `${who}/${n}` })),
    );
    for (const { got, wanted } of await Promise.all(calls)) expect(got).toBe(wanted);
    for (const client of sse) {
      expect(client.messages.filter(({ id }) => typeof id === 'number')).toHaveLength(100);
      client.close();
    }
  });
});
