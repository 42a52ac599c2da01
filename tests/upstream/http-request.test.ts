import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RemoteHttp, textOf } from '../../src/upstream/http-request.js';

describe('a request that is given up', () => {
  let server: Server;
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  beforeAll(async () => {
    server = createServer((_req, res) => res.end('all')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    process.on('uncaughtException', note);
  });
  afterAll(() => {
    process.off('uncaughtException', note);
    server.closeAllConnections();
    server.close();
  });

  /** Runs `work` so many ticks later. */
  const later = (ticks: number, work: () => void): void => {
    if (ticks === 0) work();
    else process.nextTick(later, ticks - 1, work);
  };

  it('ends nothing but itself, at whatever moment of its answer it comes', async () => {
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    for (let round = 0; round < 120; round++) {
      const http = new RemoteHttp({ url, headers: {}, ca: undefined, connectTimeout: 1_000, maxMessage: 1_000 });
      const abort = new AbortController();
      const arrived = (response: Awaited<ReturnType<RemoteHttp['send']>>): Promise<string> => {
        later(round % 6, () => abort.abort());
        return textOf(response, 1_000);
      };
      await http.send({ method: 'GET', url, headers: {}, signal: abort.signal }).then(arrived, String).catch(String);
      await new Promise((resolve) => setTimeout(resolve, 2));
      http.close();
    }
    expect(uncaught).toEqual([]);
  });
});
