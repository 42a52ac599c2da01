import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, untilReady } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { initialize, type Json, RawHttp } from '../support/raw-client.js';
import { metric } from '../support/wire.js';
import { bearer } from './support.js';

const SERVERS = { one: fixture() };
const KEYS = ['key-of-the-first-client', 'key-of-the-second-one'];
const status = async (url: string, key?: string): Promise<number> => (await fetch(`${url}/status`, key ? { headers: bearer(key) } : {})).status;
const many = async (count: number, make: () => Promise<number>): Promise<number[]> => {
  const statuses: number[] = [];
  for (let n = 0; n < count; n++) statuses.push(await make());
  return statuses;
};

describe('rate limits', () => {
  it(verifies(['X.rate'], 'hold for each key, and say when there is room again'), async () => {
    const { log, records } = recordedLog('debug');
    await using hearth = await startApp(
      { servers: SERVERS, auth: { keys: KEYS, open: ['metrics'] }, limits: { rate: { perKey: 3, window: '30s' } } },
      log,
    );
    const [first, second] = KEYS as [string, string];
    const response = await fetch(`${hearth.url}/status`, { headers: bearer(first) });
    const told = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'].map((name) => Number(response.headers.get(name)));
    expect(told).toEqual([3, 2, 30]);
    expect(await many(4, () => status(hearth.url, first))).toEqual([200, 200, 429, 429]);
    expect(await status(hearth.url, second)).toBe(200);
    const over = await new RawHttp(`${hearth.url}/mcp`).post(initialize(7), bearer(first));
    expect([over.status, over.headers.get('ratelimit-remaining')]).toEqual([429, '0']);
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(20);
    expect(await over.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32017, data: { hearth: 'rate_limited', retryable: true } } });
    expect(await metric(hearth.url, 'mcp_rate_limited_total', 'by="key"')).toBe(3);
    expect(await metric(hearth.url, 'mcp_auth_failures_total')).toBe(0);
    expect(records.filter(({ event }) => event === 'rate_limited')).toHaveLength(3);
  });

  it(verifies(['X.rate'], 'hold for each address, without keys too, and for everything but probes'), async () => {
    await using hearth = await startApp({ servers: SERVERS, limits: { rate: { perAddress: 4, window: 1_000 } } });
    await untilReady(hearth.url);
    expect(await many(6, () => status(hearth.url))).toEqual([200, 200, 200, 200, 429, 429]);
    expect((await fetch(`${hearth.url}/health/live`)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await status(hearth.url)).toBe(200);
  });

  it('are off by default', async () => {
    await using hearth = await startApp({ servers: SERVERS });
    const response = await fetch(`${hearth.url}/status`);
    expect([response.status, response.headers.get('ratelimit-limit')]).toEqual([200, null]);
  });

  it(verifies(['X.rate'], 'pass when their store fails, with a warning now and then; keys are needed all the same'), async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    for (const url of ['postgres://nobody@127.0.0.1:1/none', `postgres://nobody@127.0.0.1:${port}/none`]) {
      const { log, records } = recordedLog();
      const limits = { rate: { perAddress: 1, store: 'postgres' as const, url } };
      await using hearth = await startApp({ servers: SERVERS, auth: { keys: KEYS }, limits }, log);
      expect(await many(3, () => status(hearth.url, KEYS[0]))).toEqual([200, 200, 200]);
      expect(await status(hearth.url)).toBe(401);
      expect(records.filter(({ event }) => event === 'rate_store_failed')).toHaveLength(1);
    }
    silent.close();
  });

  it('a store whose package is missing ends the start, and says what to install', async () => {
    const limits = { rate: { perKey: 1, store: 'redis' as const, url: 'redis://127.0.0.1:1' } };
    await expect(startApp({ servers: SERVERS, limits })).rejects.toThrow('needs the package ioredis, which is not installed (npm install ioredis)');
    await expect(startApp({ servers: SERVERS, limits: { rate: { perKey: 1, store: 'redis' } } })).rejects.toThrow('is needed with this store');
  });

  const url = process.env.HEARTH_TEST_POSTGRES_URL ?? '';
  it.runIf(url !== '')('in PostgreSQL hold for several replicas together', async () => {
    const limits = { rate: { perKey: 5, window: '20s', store: 'postgres' as const, url } };
    const config = { servers: SERVERS, auth: { keys: [`key-${Math.random()}-0123456789`] }, limits };
    await using one = await startApp(config);
    await using two = await startApp(config);
    const key = config.auth.keys[0] as string;
    const statuses = [...(await many(3, () => status(one.url, key))), ...(await many(4, () => status(two.url, key)))];
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  });

  it('a request in JSON-RPC over the limit is an error that a client can read', async () => {
    await using hearth = await startApp({ servers: SERVERS, limits: { rate: { perAddress: 1 } } });
    const answers: Json[] = [];
    for (let n = 0; n < 2; n++)
      answers.push((await (await new RawHttp(`${hearth.url}/mcp`).post({ jsonrpc: '2.0', id: n, method: 'ping' })).json()) as Json);
    expect(answers[1]).toMatchObject({ error: { message: expect.stringContaining('Too many requests from this address') } });
  });
});
