import { expect } from 'vitest';
import type { ConfigInput } from '../../../src/config/schema.js';
import { until } from '../../support/app.js';
import type { Json } from '../../support/raw-client.js';
import { metric } from '../../support/wire.js';
import type { Subject } from './subject.js';

export type Policy = 'shared' | 'pool' | 'per-session';
type ServerInput = ConfigInput['servers'][string];

/** One call of the client whose server is ill. */
export interface Step {
  readonly tool: string;
  readonly args?: Json;
  /** Text of the right reply, or code of the right error; undefined: it is cancelled, and there must be none. */
  readonly gives: string | number | undefined;
}

/** What a check may look at. */
export interface Bench {
  readonly url: string;
  readonly server: string;
  readonly subject: Subject;
}

/** One way in which a server is ill, and the right outcome. */
export interface Fault {
  readonly name: string;
  /** Modes of the fixture, and of the layer over it. */
  readonly fixture?: string;
  readonly ill?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the server remembers, across restarts, how often it was started. */
  readonly countsStarts?: boolean;
  readonly server?: Partial<ServerInput>;
  readonly limits?: ConfigInput['limits'];
  /** Those that it can show under; all, if not said. */
  readonly policies?: readonly Policy[];
  /** Code of the error that every handshake gets: such a server never works. */
  readonly refuses?: number;
  /** One after the other; then the same session and another one have to work again. */
  readonly steps?: readonly Step[];
  /** The client's answer to questions of the server. */
  readonly answer?: Json;
  /** More that must be so after the steps. */
  check?(bench: Bench): Promise<void>;
}

const CHILD_EXITED = -32000;
const UNAVAILABLE = -32003;
const TIMEOUT = -32004;
const TOO_LARGE = -32006;

const FAILS_SOON = { maxRestarts: 1, backoffMin: 10 };
const HANGS = { ...FAILS_SOON, startTimeout: 600 };
const PINGED = { ping: 200, pingTimeout: 200 };
/** Not shorter: what works has to work within it on a busy machine. */
const IN_TIME = { requestTimeout: 1_000 };
const TEXT = 'é漢🙂\u2028\u0000"\\ end';

const echo = (text = TEXT): Step => ({ tool: 'echo', args: { text }, gives: text });
const sleepForever = (gives: Step['gives']): Step => ({ tool: 'sleep', args: { ms: 60_000 }, gives });

async function restartedFor({ url, server }: Bench, reason: string): Promise<void> {
  await until(async () => (await metric(url, 'mcp_child_restarts_total', `server="${server}",reason="${reason}"`)) >= 1);
}

/** On both transports: they have servers of their own, but this metric is of the whole hub. */
async function droppedLateReply({ url }: Bench): Promise<void> {
  await until(async () => (await metric(url, 'mcp_messages_dropped_total', 'unknown_response_id')) >= 2);
}

const NEVER_WORK: readonly Fault[] = [
  { name: 'dies before initialize', fixture: 'exit-at-start', server: FAILS_SOON, refuses: UNAVAILABLE },
  { name: 'dies in initialize', fixture: 'die-in-initialize', server: FAILS_SOON, refuses: UNAVAILABLE },
  { name: 'dies right after initialize', fixture: 'die-after-initialize', server: FAILS_SOON, refuses: UNAVAILABLE },
  { name: 'hangs in initialize', fixture: 'no-initialize', server: HANGS, refuses: UNAVAILABLE },
  { name: 'hangs in its first list of tools', fixture: 'no-tools-list', server: HANGS, refuses: UNAVAILABLE },
  { name: 'answers initialize with nonsense', fixture: 'bad-initialize', server: FAILS_SOON, refuses: UNAVAILABLE },
  { name: 'answers initialize with an error', fixture: 'error-initialize', server: FAILS_SOON, refuses: UNAVAILABLE },
  { name: 'never reads its stdin', ill: 'never-reads', server: HANGS, refuses: UNAVAILABLE },
  { name: 'is not there', server: { ...FAILS_SOON, command: 'no-such-program-of-hearth' }, refuses: UNAVAILABLE },
];

const SPOIL_LINES: readonly Fault[] = [
  { name: 'prints garbage and banners between messages', ill: 'garbage', fixture: 'banner', steps: [echo(), echo('two')] },
  { name: 'splits its UTF-8 between writes', ill: 'split', steps: [echo(), echo('漢'.repeat(20))] },
  { name: 'ends its lines with CRLF', ill: 'crlf', steps: [echo(), { tool: 'fail', gives: 'it failed' }] },
  { name: 'replies twice', ill: 'duplicate', steps: [echo(), { tool: 'error', gives: -32050 }, echo('two')], check: droppedLateReply },
  { name: 'replies with ids that nobody sent', ill: 'strange-ids', steps: [echo(), echo('two')], check: droppedLateReply },
  { name: 'floods its stdout with notifications', steps: [{ tool: 'flood', args: { count: 10_000 }, gives: 'flooded' }, echo()] },
  {
    name: 'begins a line that never ends',
    policies: ['shared', 'pool', 'per-session'],
    server: PINGED,
    limits: { ...IN_TIME, message: '300kB' },
    steps: [{ tool: 'endless', gives: TIMEOUT }],
    check: (bench) => restartedFor(bench, 'unresponsive'),
  },
  {
    name: 'dies in a line past the limit',
    limits: { message: '300kB' },
    steps: [{ tool: 'endless-death', args: { bytes: 900_000 }, gives: TOO_LARGE }],
  },
  {
    name: 'sends a line past the limit',
    limits: { message: '300kB' },
    steps: [{ tool: 'big', args: { bytes: 900_000 }, gives: TOO_LARGE }, echo()],
  },
];

const FAIL_IN_CALLS: readonly Fault[] = [
  { name: 'dies in the middle of a call', steps: [{ tool: 'die', args: { signal: 'SIGKILL' }, gives: CHILD_EXITED }] },
  { name: 'dies in the middle of a reply', steps: [{ tool: 'half-reply', gives: CHILD_EXITED }] },
  { name: 'hangs in a call', limits: IN_TIME, steps: [sleepForever(TIMEOUT), echo()] },
  {
    name: 'stops reading its stdin',
    server: PINGED,
    limits: IN_TIME,
    steps: [
      { tool: 'stop-reading', gives: 'not reading' },
      { ...echo(), gives: TIMEOUT },
    ],
    check: (bench) => restartedFor(bench, 'unresponsive'),
  },
  {
    name: 'replies after the time limit',
    fixture: 'reply-after-cancel',
    limits: IN_TIME,
    steps: [{ tool: 'sleep', args: { ms: 1_400 }, gives: TIMEOUT }, echo()],
    check: droppedLateReply,
  },
  {
    name: 'replies after it was cancelled',
    fixture: 'reply-after-cancel',
    steps: [{ tool: 'sleep', args: { ms: 500 }, gives: undefined }, echo()],
    check: droppedLateReply,
  },
  { name: 'never replies to what was cancelled', steps: [sleepForever(undefined), echo()] },
  { name: 'asks its client', fixture: 'ask-roots', answer: { roots: [] }, steps: [question('roots/list', '{"roots":[]}')] },
  { name: 'asks a client that cannot answer', fixture: 'string-ids', steps: [question('sampling/createMessage', expect.stringContaining('-32601'))] },
];

const FAIL_AS_PROCESSES: readonly Fault[] = [
  { name: 'is slow to start', env: { FIXTURE_START_DELAY: '1000' }, steps: [echo()] },
  { name: 'dies at its first start', fixture: 'exit-first', countsStarts: true, policies: ['shared'], steps: [echo()] },
  { name: 'forks grandchildren', ill: 'forks', steps: [echo()] },
  { name: 'ignores the end of its stdin and TERM', fixture: 'ignore-eof,ignore-term', steps: [echo()] },
  { name: 'leaks its stdout to a grandchild and dies', steps: [{ tool: 'leak', gives: CHILD_EXITED }, echo()] },
  {
    name: 'has other tools after a restart',
    fixture: 'tools-change',
    policies: ['shared', 'per-session'], // of a pool, the session moves to a child that has not changed
    steps: [{ tool: 'die-changed', gives: CHILD_EXITED }, echo()],
    async check({ subject }) {
      await subject.until(() => subject.notifications('notifications/tools/list_changed').length === 1);
      expect(JSON.stringify(await subject.request('tools/list'))).toContain('"new-tool"');
    },
  },
];

function question(method: string, gives: string): Step {
  return { tool: 'ask', args: { method, params: {} }, gives };
}

/** A pool's children are started like a shared one, and what stands in a line has nothing to do with whose child it is. */
const STARTED: readonly Policy[] = ['shared', 'per-session'];
const READ: readonly Policy[] = ['shared'];

export const FAULTS: readonly Fault[] = [
  ...NEVER_WORK.map((fault) => ({ policies: STARTED, ...fault })),
  ...SPOIL_LINES.map((fault) => ({ policies: READ, ...fault })),
  ...FAIL_IN_CALLS,
  ...FAIL_AS_PROCESSES,
];
