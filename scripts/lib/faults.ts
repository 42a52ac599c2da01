import { connect } from 'node:net';
import { RawHttp, RawSse } from '../../tests/support/raw-client.ts';

/** A fault: what it is called in the report, and how it is done. Every one leaves the rest of hearth alone, or should. */
export interface Fault {
  readonly name: string;
  inject(url: string): Promise<void>;
}

const swallow = (): void => {};

async function session(url: string): Promise<RawHttp> {
  const client = new RawHttp(`${url}/mcp`);
  await client.open();
  return client;
}

/** Calls a tool of the faulty server and does not care what becomes of it. */
function careless(name: string, tool: string, args: Record<string, unknown>): Fault {
  return {
    name,
    async inject(url) {
      const client = await session(url);
      await client.call(1, `faulty__${tool}`, args).catch(swallow);
      await client.close().catch(swallow);
    },
  };
}

export const FAULTS: readonly Fault[] = [
  careless('child ends in a call', 'die', {}),
  careless('child is killed in a call', 'die', { signal: 'SIGKILL' }),
  careless('answer over the size limit', 'big', { bytes: 2_000_000 }),
  careless('garbage on stdout', 'raw', {
    line: 'garbage\n\u0000\n{"jsonrpc":"2.0","id":999999,"result":{}}\n{"jsonrpc":"2.0","id":$ID,"result":{}}\n',
  }),
  careless('child blocks for a second', 'block', { ms: 1_000 }),
  careless('child stops reading', 'stop-reading', {}),
  careless('child leaves a stray that ignores TERM', 'spawn', { detached: true, ms: 60_000, ignoreTerm: true }),
  careless('call over the time limit', 'sleep', { ms: 20_000 }),
  {
    name: 'caller drops its SSE stream in a call',
    async inject(url) {
      const client = await RawSse.open(`${url}/sse`);
      await client.initialize();
      await client.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'faulty__sleep', arguments: { ms: 2_000 } } });
      client.close();
    },
  },
  {
    name: 'caller aborts its POST',
    async inject(url) {
      const client = await session(url);
      const abort = AbortSignal.timeout(50);
      await client
        .post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'faulty__sleep', arguments: { ms: 500 } } }, {}, abort)
        .catch(swallow);
      await client.close().catch(swallow);
    },
  },
  {
    name: 'client that never reads, and goes away',
    async inject(url) {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname).on('error', swallow);
      socket.pause().write(`GET /sse HTTP/1.1\r\nHost: ${hostname}\r\nAccept: text/event-stream\r\n\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      socket.destroy();
    },
  },
  {
    name: 'malformed, foreign and unknown requests',
    async inject(url) {
      const client = new RawHttp(`${url}/mcp`);
      await client.post('{"jsonrpc":').catch(swallow);
      await client.post([]).catch(swallow);
      await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { origin: 'http://evil.example' }).catch(swallow);
      await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { 'mcp-session-id': 'nobody' }).catch(swallow);
    },
  },
  {
    name: 'session with a child of its own, dropped',
    async inject(url) {
      const client = await RawSse.open(`${url}/servers/own/sse`);
      await client.initialize();
      await client.call(1, 'echo', { text: 'x' });
      client.close();
    },
  },
];
