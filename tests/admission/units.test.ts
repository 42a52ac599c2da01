import { describe, expect, it } from 'vitest';
import { Breaker } from '../../src/admission/breaker.js';
import { FairQueue } from '../../src/admission/fair-queue.js';
import { Rate } from '../../src/admission/rate.js';
import { ReadCache } from '../../src/admission/read-cache.js';

describe('FairQueue', () => {
  it('serves owners in turn, each one first in, first out', async () => {
    const queue = new FairQueue();
    const order: string[] = [];
    const [busy, other] = [{}, {}];
    const put = (owner: object | undefined, name: string): void => queue.enqueue(async () => void order.push(name), owner ? { owner } : {});
    for (const n of [1, 2, 3]) put(busy, `busy ${n}`);
    put(other, 'other 1');
    put(undefined, 'nobody');
    expect(queue.size).toBe(5);
    expect(queue.filter()).toHaveLength(5);
    queue.setPriority();
    for (let run = queue.dequeue(); run; run = queue.dequeue()) await run();
    expect(order).toEqual(['busy 1', 'other 1', 'nobody', 'busy 2', 'busy 3']);
    expect(queue.size).toBe(0);
  });

  it('takes tasks without options', () => {
    const queue = new FairQueue();
    queue.enqueue(() => Promise.resolve());
    expect(queue.size).toBe(1);
  });
});

describe('Breaker', () => {
  const settings = { failures: 3, openMs: 1_000 };

  it('opens after failures in a row, lets one through after a while, and closes when that succeeds', () => {
    const breaker = new Breaker(settings);
    expect([breaker.failure(0), breaker.failure(1), breaker.state(1)]).toEqual([false, false, 'closed']);
    expect(breaker.failure(2)).toBe(true);
    expect([breaker.state(3), breaker.allows(3), breaker.retryInMs(502)]).toEqual(['open', false, 500]);
    expect(breaker.state(1_002)).toBe('half-open');
    expect([breaker.allows(1_002), breaker.allows(1_003)]).toEqual([true, false]);
    breaker.success();
    expect([breaker.state(1_004), breaker.allows(1_004), breaker.retryInMs(1_004)]).toEqual(['closed', true, 0]);
  });

  it('opens again when the probe fails, and lets another through when a probe has no outcome', () => {
    const breaker = new Breaker(settings);
    for (const now of [0, 1, 2]) breaker.failure(now);
    expect(breaker.allows(1_002)).toBe(true);
    expect(breaker.failure(1_010)).toBe(true);
    expect(breaker.state(2_000)).toBe('open');
    expect(breaker.allows(2_010)).toBe(true);
    expect(breaker.allows(3_010)).toBe(true);
  });

  it('counts failures in a row only, once while it is open, and never when it is off', () => {
    const breaker = new Breaker(settings);
    breaker.failure(0);
    breaker.failure(1);
    breaker.success();
    expect([breaker.failure(2), breaker.failure(3), breaker.failure(4), breaker.failure(5)]).toEqual([false, false, true, false]);
    const off = new Breaker({ failures: 0, openMs: 1 });
    for (let n = 0; n < 100; n++) expect(off.failure()).toBe(false);
    expect(off.allows()).toBe(true);
  });
});

describe('Rate', () => {
  it('allows so many in a window, and does not count what it refuses', () => {
    const rate = new Rate(2, 100);
    expect([rate.take(0), rate.take(10), rate.take(20), rate.take(99)]).toEqual([true, true, false, false]);
    expect([rate.take(100), rate.take(109), rate.take(110)]).toEqual([true, false, true]);
    expect(new Rate(1, 1_000).take()).toBe(true);
  });
});

describe('ReadCache', () => {
  it('keeps answers for their time, and the newest of too many', () => {
    const cache = new ReadCache({ ttl: 100, maxEntries: 2, coalesce: false });
    expect(cache.enabled).toBe(true);
    cache.set('a', '1', 0);
    expect([cache.get('a', 99), cache.get('a', 100), cache.get('a', 101)]).toEqual(['1', undefined, undefined]);
    for (const key of ['a', 'b', 'c']) cache.set(key, key, 200);
    expect([cache.get('a', 201), cache.get('b', 201), cache.get('c', 201)]).toEqual([undefined, 'b', 'c']);
    cache.countShared();
    expect(cache.report()).toEqual({ entries: 2, hits: 3, misses: 3, shared: 1 });
    cache.clear();
    expect(cache.report().entries).toBe(0);
  });

  it('keeps nothing without a time, and is off without coalescing', () => {
    const cache = new ReadCache({ ttl: 0, maxEntries: 2, coalesce: true });
    cache.set('a', '1');
    expect([cache.get('a'), cache.enabled]).toEqual([undefined, true]);
    expect(new ReadCache({ ttl: 0, maxEntries: 2, coalesce: false }).enabled).toBe(false);
  });
});
