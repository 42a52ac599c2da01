import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.js';
import { fixture, type RunningApp, startApp, until } from '../support/app.js';
import { isAlive, metric, scratchFile } from '../support/wire.js';
import { FAULTS, type Fault, type Policy, type Step } from './support/faults.js';
import { gist, Subject, type Transport } from './support/subject.js';

const ILL = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'ill.mjs');
const TRANSPORTS: readonly Transport[] = ['sse', 'http'];
const POLICIES: readonly Policy[] = ['shared', 'pool', 'per-session'];

interface Row {
  readonly fault: Fault;
  readonly policy: Policy;
}

const ROWS = FAULTS.flatMap((fault) => (fault.policies ?? POLICIES).map((policy) => ({ name: fault.name, fault, policy })));

/** A hub with a good server and an ill one for each transport, and where their processes are noted. */
function configOf({ fault, policy }: Row, pids: string): ConfigInput {
  const common = { args: [ILL], stopEof: 150, stopTerm: 150, breakerFailures: 0 };
  const ill = (transport: Transport) => {
    const own = `${pids}-${transport}`;
    const starts = fault.countsStarts ? { FIXTURE_STARTS: `${own}-starts` } : {};
    const env = { ILL_PIDS: pids, ILL: fault.ill ?? '', ILL_CHANGED: `${own}-changed`, ...starts, ...fault.env };
    return fixture(fault.fixture, { ...common, policy, ...fault.server, env });
  };
  return {
    servers: { good: fixture('', { ...common, env: { ILL_PIDS: pids } }), sse: ill('sse'), http: ill('http') },
    limits: { drain: 100, ...fault.limits },
  };
}

async function take(subject: Subject, { tool, args = {}, gives }: Step): Promise<void> {
  const id = subject.send('tools/call', { name: tool, arguments: args });
  if (gives === undefined) await subject.cancel(id);
  expect(gist(await subject.outcome(id)), `${subject.transport}: ${tool} ${JSON.stringify(args)}`).toEqual(gives);
}

/** Calls until it works: the server may be on its way back. */
async function untilItWorks(subject: Subject): Promise<void> {
  await until(async () => gist(await subject.call('echo', { text: 'well' })) === 'well');
}

/** What must hold whatever happened. */
async function checkBooks(hearth: RunningApp, subjects: readonly Subject[]): Promise<void> {
  for (const subject of subjects) {
    const outcomes = subject.sent.map((id) => subject.replies(id).length);
    expect(outcomes, 'one outcome for each request').toEqual(subject.sent.map((id) => (subject.cancelled.has(id) ? 0 : 1)));
  }
  const [opened, closed, active] = await Promise.all(
    ['mcp_sessions_opened_total', 'mcp_sessions_closed_total', 'chat_sessions_active'].map((name) => metric(hearth.url, name)),
  );
  expect((opened ?? 0) - (closed ?? 0)).toBe(active);
  expect(hearth.app.sessions.size).toBe(active);
  expect(hearth.app.busy).toBe(false);
  expect(await metric(hearth.url, 'mcp_requests_in_flight')).toBe(0);
}

/** One client and a witness on the other transport, at an ill server of their own. */
async function suffer({ fault }: Row, url: string, transport: Transport): Promise<Subject[]> {
  const base = `${url}/servers/${transport}`;
  const options = fault.answer ? { answer: fault.answer } : {};
  const subject = new Subject(base, transport, options);
  const witness = new Subject(base, transport === 'sse' ? 'http' : 'sse', options);
  for (const one of [subject, witness]) {
    const reply = await one.open();
    expect(gist(reply), `${transport}: ${JSON.stringify(reply)}`).toBe(fault.refuses ?? 'a result');
    if (one === subject) for (const step of fault.steps ?? []) await take(subject, step);
  }
  await fault.check?.({ url, server: transport, subject });
  if (fault.refuses === undefined) for (const one of [subject, witness]) await untilItWorks(one);
  return [subject, witness];
}

async function run(row: Row): Promise<void> {
  const pids = scratchFile();
  const hearth = await startApp(configOf(row, pids));
  try {
    const neighbour = new Subject(`${hearth.url}/servers/good`, row.policy === 'pool' ? 'http' : 'sse');
    expect(gist(await neighbour.open())).toBe('a result');
    const meanwhile = neighbour.call('sleep', { ms: 300, text: 'undisturbed' });
    const sufferers = await Promise.all(TRANSPORTS.map((transport) => suffer(row, hearth.url, transport)));
    expect(gist(await meanwhile)).toBe('undisturbed');
    await untilItWorks(neighbour);
    const all = [...sufferers.flat(), neighbour];
    await checkBooks(hearth, all);
    for (const one of all) await one.close();
    await until(() => hearth.app.sessions.size === 0);
    await checkBooks(hearth, []);
  } finally {
    await hearth.app.stop();
  }
  const processes = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
  for (const suffix of ['', ...TRANSPORTS.flatMap((name) => [`-${name}-starts`, `-${name}-changed`])]) rmSync(`${pids}${suffix}`, { force: true });
  expect(processes.length).toBeGreaterThan(0);
  await until(() => !processes.some(isAlive)); // who was orphaned is gone for others when init has noticed
}

vi.setConfig({ maxConcurrency: 5 });

describe.concurrent('whatever a server does', () => {
  it.each(ROWS)('$name: $policy', (row) => run(row));
});
