import { mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RawHttp, RawSse } from '../tests/support/raw-client.ts';
import { FIXTURE, HearthProcess, metricOf } from './lib/hearth.ts';

// A client that never reads, beside one that works: the former is closed at its limit, memory stays bounded, and the
// latter's P95 is compared with its own P95 without a neighbour, in the same run. Usage: node scripts/slow-reader.ts

const ROUNDS = 3;
const CALLS = 400;
const RECORD = 'x'.repeat(16_384);

const folder = mkdtempSync(join(tmpdir(), 'hearth-slow-reader-'));
const server = { command: process.execPath, args: [FIXTURE] };
const hearth = await HearthProcess.start({ servers: { fixture: server }, limits: { clientBuffer: '1MiB' } }, folder);

/** P95 of calls by a client that works; each call also sends a log record to every session. */
async function p95(): Promise<number> {
  const client = new RawHttp(`${hearth.url}/mcp`);
  await client.open();
  const latencies: number[] = [];
  for (let id = 1; id <= CALLS; id++) {
    const startedAt = performance.now();
    await client.call(id, 'log', { level: 'info', data: RECORD });
    latencies.push(performance.now() - startedAt);
  }
  await client.close();
  return latencies.sort((a, b) => a - b)[Math.floor(CALLS * 0.95)] as number;
}

/** A session whose stream is never read after its handshake. */
async function neverReads(): Promise<Socket> {
  const helper = await RawSse.open(`${hearth.url}/sse`);
  await helper.initialize();
  helper.close();
  const { hostname, port } = new URL(hearth.url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  socket.write(`GET /sse HTTP/1.1\r\nHost: ${hostname}\r\nAccept: text/event-stream\r\n\r\n`);
  const endpoint = await new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      const found = /data: (\/messages\S+)/.exec(text)?.[1];
      if (found) resolve(found);
    });
  });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'deaf', version: '1' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  await fetch(new URL(endpoint, hearth.url), { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  socket.pause();
  return socket;
}

const metrics = async (): Promise<string> => (await fetch(`${hearth.url}/metrics`)).text();
const alone: number[] = [];
const beside: number[] = [];
let peakMb = 0;
try {
  await p95(); // warm
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await p95());
    const deaf = await neverReads();
    beside.push(await p95());
    peakMb = Math.max(peakMb, metricOf(await metrics(), 'process_resident_memory_bytes') / 2 ** 20);
    deaf.destroy();
  }
  const closed = metricOf(await metrics(), 'mcp_sessions_closed_total', 'too_slow');
  const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
  const ratio = median(beside) / median(alone);
  process.stdout.write(
    `P95 alone ${median(alone).toFixed(2)} ms, beside a client that never reads ${median(beside).toFixed(2)} ms: ratio ${ratio.toFixed(2)}\n`,
  );
  process.stdout.write(`closed as too slow: ${closed} of ${ROUNDS}; peak RSS ${Math.round(peakMb)} MB\n`);
  process.exitCode = closed === ROUNDS && ratio < 1.5 ? 0 : 1;
} finally {
  await hearth.stop();
}
