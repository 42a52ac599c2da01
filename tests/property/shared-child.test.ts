import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gist, Subject } from '../acceptance/support/subject.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { metric } from '../support/wire.js';

const CHILD_EXITED = -32000;
const SESSION_ENDED = -32001;
const UNAVAILABLE = -32003;
const SESSIONS = 4;
const TIMED = { numRuns: 1_000, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false };

let hearth: RunningApp;

beforeAll(async () => {
  const server = fixture('reply-after-cancel', { backoffMin: 1, backoffMax: 5, maxRestarts: 1_000_000, breakerFailures: 0 });
  hearth = await startApp({ servers: { fixture: server }, limits: { drain: 100 }, http: { streamAfter: 20 } });
  await untilReady(hearth.url);
});

afterAll(() => hearth.app.stop());

/** What may happen; `who` and `which` are taken modulo what there is. */
type Action =
  | { readonly kind: 'echo' | 'drop' | 'close'; readonly who: number }
  | { readonly kind: 'sleep'; readonly who: number; readonly ms: number }
  | { readonly kind: 'cancel'; readonly who: number; readonly which: number }
  | { readonly kind: 'kill' }
  | { readonly kind: 'pause'; readonly ms: number };

const who = fc.nat({ max: SESSIONS - 1 });
const action = fc.oneof<fc.MaybeWeightedArbitrary<Action>[]>(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('echo'), who }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('sleep'), who, ms: fc.nat({ max: 60 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('cancel'), who, which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pause'), ms: fc.nat({ max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('drop', 'close'), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill') }) },
);

/** One client, and what each of its calls has to give. */
class Client {
  readonly subject: Subject;
  readonly #expected = new Map<number, string>();

  constructor(
    private readonly name: string,
    transport: 'sse' | 'http',
  ) {
    this.subject = new Subject(hearth.url, transport);
  }

  call(tool: 'echo' | 'sleep', ms = 0): void {
    if (this.subject.gone) return;
    const text = `${this.name}:${this.subject.sent.length}`;
    this.#expected.set(this.subject.send('tools/call', { name: tool, arguments: { text, ms } }), text);
  }

  async cancel(which: number): Promise<void> {
    const id = which % this.subject.sent.length;
    // What has its reply is not cancelled: no client would.
    if (!this.subject.gone && this.#expected.has(id) && this.subject.replies(id).length === 0) await this.subject.cancel(id);
  }

  /** Every call has its one right outcome. One that was cancelled may have been answered before hearth knew. */
  async check(): Promise<void> {
    for (const [id, text] of this.#expected) {
      await this.subject.outcome(id);
      const replies = this.subject.replies(id).map(gist);
      const least = this.subject.gone || this.subject.cancelled.has(id) ? 0 : 1;
      expect([least, 1], `outcomes of ${text}`).toContain(replies.length);
      const right = [text, CHILD_EXITED, UNAVAILABLE, ...(this.subject.gone ? [SESSION_ENDED] : [])];
      for (const reply of replies) expect(right).toContain(reply);
    }
    const strangers = this.subject.seen.filter((message) => message.method === undefined && !this.subject.sent.includes(message.id as number));
    expect(strangers).toEqual([]);
  }
}

async function take(step: Action, clients: readonly Client[]): Promise<void> {
  const client = 'who' in step ? clients[step.who] : undefined;
  if (step.kind === 'echo') client?.call('echo');
  else if (step.kind === 'sleep') client?.call('sleep', step.ms);
  else if (step.kind === 'cancel') await client?.cancel(step.which);
  else if (step.kind === 'drop') client?.subject.drop();
  else if (step.kind === 'close') await client?.subject.close();
  else if (step.kind === 'pause') await new Promise((resolve) => setTimeout(resolve, step.ms));
  else killChild();
}

function killChild(): void {
  for (const pid of hearth.app.servers.flatMap(({ router }) => router.pids())) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has just ended by an earlier one
    }
  }
}

async function play(steps: readonly Action[]): Promise<void> {
  const clients = Array.from({ length: SESSIONS }, (_, n) => new Client(`client ${n}`, n % 2 === 0 ? 'sse' : 'http'));
  try {
    await untilReady(hearth.url);
    for (const { subject } of clients) expect(gist(await subject.open())).toBe('a result');
    const opened = hearth.app.sessions.size;
    for (const step of steps) await take(step, clients);
    for (const client of clients) await client.check();
    await until(() => !hearth.app.busy);
    expect(await metric(hearth.url, 'mcp_requests_in_flight')).toBe(0);
    expect(hearth.app.sessions.size).toBeLessThanOrEqual(opened);
    // A session on /mcp that was dropped lives until the idle limit; all others end with their client.
    const vanished = clients.filter(({ subject }) => subject.gone && subject.transport === 'http').length;
    const living = clients.filter(({ subject }) => !subject.gone).length;
    await until(() => hearth.app.sessions.size >= living && hearth.app.sessions.size <= opened - (SESSIONS - living - vanished));
  } finally {
    for (const { subject } of clients) await subject.close();
  }
}

it('gives every request of a living session its one outcome, and no other content, whatever happens', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), play), TIMED);
  // Streams that were closed a moment ago are still on their way out; then the books agree, and stay so.
  await until(async () => {
    const [opened = 0, closed = 0, active] = await Promise.all(
      ['mcp_sessions_opened_total', 'mcp_sessions_closed_total', 'chat_sessions_active'].map((name) => metric(hearth.url, name)),
    );
    return opened - closed === active && active === hearth.app.sessions.size;
  });
}, 40_000);
