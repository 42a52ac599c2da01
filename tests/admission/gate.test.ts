import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/admission/fair-queue.js';
import { type Entrant, Gate, type GateSettings } from '../../src/admission/gate.js';
import type { HearthError } from '../../src/errors.js';
import { until } from '../support/app.js';

const SETTINGS: GateSettings = { maxConcurrent: 1, maxQueued: 2, maxWait: 60_000, breaker: { failures: 1, openMs: 0 } };

/** One who enters and stays until told. */
class Guest implements Entrant {
  ran = false;
  readonly expired: HearthError[] = [];

  constructor(readonly owner: object = {}) {}

  begin(): void {
    this.ran = true;
  }

  onExpired(error: HearthError): void {
    this.expired.push(error);
  }
}

const gate = (settings: Partial<GateSettings> = {}): Gate => new Gate('s', { ...SETTINGS, ...settings });

describe('the gate', () => {
  it('lets everybody through at once when there is no limit', () => {
    const open = gate({ maxConcurrent: 0 });
    const guests = Array.from({ length: 5 }, () => new Guest());
    const leaves = guests.map((guest) => open.enter(guest));
    expect(guests.every(({ ran }) => ran)).toBe(true);
    expect(open.report()).toEqual({ running: 5, waiting: 0, breaker: 'closed' });
    for (const leave of [...leaves, ...leaves]) leave();
    expect(open.report().running).toBe(0);
  });

  it('gives the place of one who leaves to the next, whether it was waiting or running', async () => {
    const narrow = gate();
    const [first, second, third] = [new Guest(), new Guest(), new Guest()];
    const [leaveFirst, leaveSecond] = [narrow.enter(first), narrow.enter(second)];
    const leaveThird = narrow.enter(third);
    expect(() => narrow.enter(new Guest())).toThrow('2 requests are waiting');
    leaveSecond();
    expect(narrow.report().waiting).toBe(1);
    leaveFirst();
    await until(() => third.ran);
    expect(second.ran).toBe(false);
    leaveThird();
    leaveThird();
    await until(() => narrow.report().running === 0);
  });

  it('frees the queue of those who waited too long, and tells each once', async () => {
    const narrow = gate({ maxWait: 30 });
    const [first, second, third] = [new Guest(), new Guest(), new Guest()];
    const leaveFirst = narrow.enter(first);
    for (const guest of [second, third]) narrow.enter(guest);
    await until(() => third.expired.length > 0);
    expect(narrow.report()).toMatchObject({ running: 1, waiting: 0 });
    expect([first.expired, second.expired.length, third.expired[0]?.code]).toEqual([[], 1, 'overloaded']);
    const fourth = new Guest();
    const leave = narrow.enter(fourth);
    leave();
    leaveFirst();
    await until(() => narrow.report().running === 0);
    expect([second.ran, third.ran, fourth.ran, fourth.expired]).toEqual([false, false, false, []]);
  });

  it('does not spend the one probe of its breaker on a request that finds no place', () => {
    const narrow = gate({ maxQueued: 1, breaker: { failures: 1, openMs: 60_000 } });
    const leaves = [narrow.enter(new Guest()), narrow.enter(new Guest())];
    narrow.breaker.failure(performance.now() - 60_001);
    expect(narrow.breaker.state()).toBe('half-open');
    expect(() => narrow.enter(new Guest())).toThrow('requests are waiting');
    leaves[1]?.();
    leaves.push(narrow.enter(new Guest())); // the probe
    leaves.pop()?.();
    expect(() => narrow.enter(new Guest())).toThrow('has failed 1 times in a row');
    leaves[0]?.();
  });
});

describe('FairQueue', () => {
  it('loses the one who leaves and keeps the turns of the others', async () => {
    const queue = new FairQueue();
    const order: string[] = [];
    const [a, b] = [{}, {}];
    const put = (owner: object, id: string): void => queue.enqueue(async () => void order.push(id), { owner, id });
    for (const id of ['a1', 'a2', 'a3']) put(a, id);
    put(b, 'b1');
    for (const id of ['a1', 'b1', 'unknown']) queue.remove(id);
    expect(queue.size).toBe(2);
    for (let run = queue.dequeue(); run; run = queue.dequeue()) await run();
    expect([order, queue.size]).toEqual([['a2', 'a3'], 0]);
  });
});
