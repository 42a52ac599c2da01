import { randomUUID } from 'node:crypto';
import { RawHttp, RawSse } from '../../tests/support/raw-client.ts';

/** What became of the calls to the server that no fault is aimed at. */
export interface Tally {
  right: number;
  crossed: number;
  errors: number;
  unanswered: number;
  readonly latencies: number[];
  readonly samples: string[];
}

export function newTally(): Tally {
  return { right: 0, crossed: 0, errors: 0, unanswered: 0, latencies: [], samples: [] };
}

const ANSWER_MS = 15_000;

/** One call whose answer can be told from everybody else's. */
async function check(call: (text: string) => Promise<string>, tally: Tally): Promise<void> {
  const text = randomUUID();
  const startedAt = performance.now();
  try {
    const answer = await Promise.race([
      call(text),
      new Promise<never>((_, reject) => setTimeout(() => reject(new Error('unanswered')), ANSWER_MS).unref()),
    ]);
    if (answer === text) tally.right++;
    else if (/^[0-9a-f-]{36}$/.test(answer)) tally.crossed++;
    else fail(tally, answer);
  } catch (error) {
    if (String(error).includes('unanswered')) tally.unanswered++;
    else fail(tally, String(error));
  }
  tally.latencies.push(performance.now() - startedAt);
}

function fail(tally: Tally, why: string): void {
  tally.errors++;
  if (tally.samples.length < 20) tally.samples.push(why.slice(0, 300));
}

type Client = (until: () => boolean, tally: Tally) => Promise<void>;

/** A long-lived SSE session that calls all the time. */
function sse(url: string, tool: string, pauseMs: number): Client {
  return async (until, tally) => {
    const client = await RawSse.open(`${url}/sse`);
    await client.initialize();
    for (let id = 1; !until(); id++) {
      await check((text) => client.call(id, tool, { text }), tally);
      client.messages.length = 0;
      await pause(pauseMs);
    }
    client.close();
  };
}

/** A long-lived session on /mcp that calls all the time, under the same ids as everybody. */
function http(url: string, tool: string, pauseMs: number): Client {
  return async (until, tally) => {
    const client = new RawHttp(`${url}/mcp`);
    await client.open();
    for (let id = 1; !until(); id++) {
      await check((text) => client.call(id, tool, { text }), tally);
      await pause(pauseMs);
    }
    await client.close();
  };
}

/** LiteLLM's habit: a session for every operation, with ids 1, 2, 3 in each. */
function sessionPerCall(url: string, tool: string, pauseMs: number): Client {
  return async (until, tally) => {
    while (!until()) {
      await check(async (text) => {
        const client = await RawSse.open(`${url}/sse`);
        await client.initialize();
        const answer = await client.call(2, tool, { text });
        client.close();
        return answer;
      }, tally);
      await pause(pauseMs);
    }
  };
}

/** Runs a mix of clients until told to stop. */
export async function runLoad(url: string, tool: string, tally: Tally, until: () => boolean): Promise<void> {
  const clients = [
    ...Array.from({ length: 4 }, () => sse(url, tool, 40)),
    ...Array.from({ length: 4 }, () => http(url, tool, 40)),
    ...Array.from({ length: 2 }, () => sessionPerCall(url, tool, 100)),
  ];
  await Promise.all(clients.map((client) => client(until, tally)));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
