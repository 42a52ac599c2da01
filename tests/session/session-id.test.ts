import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatEventId, parseEventId, StreamIds } from '../../src/session/event-id.js';
import { RecentIds } from '../../src/session/recent-ids.js';
import { formatSessionId, parseSessionId, uuidOf } from '../../src/session/session-id.js';

const uuid = '01234567-89ab-4cde-8f01-23456789abcd';
const params = { protocolVersion: '2025-11-25', capabilities: { roots: { listChanged: true } }, clientInfo: { name: 'a', version: '1' } };
const ticket = { uuid, prefix: '/servers/a', owner: '', issuedAt: 1_795_000_000, params };

describe('a session id', () => {
  it('says everything that opens the session again, in visible ASCII', () => {
    const id = formatSessionId(ticket);
    expect(id).toMatch(/^[\x21-\x7e]+$/);
    expect(uuidOf(id)).toBe(uuid);
    expect(parseSessionId(id)).toEqual(ticket);
  });

  it('survives any client, and stays small', () => {
    const anything = fc.dictionary(fc.string(), fc.jsonValue({ depthSize: 'small' }), { maxKeys: 60 });
    fc.assert(
      fc.property(fc.jsonValue(), anything, fc.jsonValue(), (protocolVersion, capabilities, clientInfo) => {
        const id = formatSessionId({ ...ticket, params: { protocolVersion, capabilities, clientInfo } });
        expect(id.length).toBeLessThan(2_048);
        expect(parseSessionId(id)?.uuid).toBe(uuid);
      }),
    );
  });

  it('keeps the names of capabilities that are too large, and the well-known ones of too many', () => {
    const capabilitiesOf = (capabilities: object): unknown =>
      parseSessionId(formatSessionId({ ...ticket, params: { ...params, capabilities } }))?.params.capabilities;
    expect(capabilitiesOf({ sampling: { x: 'x'.repeat(2_000) }, other: {} })).toEqual({ sampling: {}, other: {} });
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`capability-${n}`, {}]));
    expect(capabilitiesOf({ ...many, elicitation: { form: {} } })).toEqual({ elicitation: {} });
  });

  it('is refused when a single character differs', () => {
    const id = formatSessionId(ticket);
    fc.assert(
      fc.property(fc.nat(id.length - 1), fc.constantFrom(...'0aZ_-.'), (at, char) => {
        const other = id.slice(0, at) + char + id.slice(at + 1);
        expect(parseSessionId(other)).toEqual(other === id ? ticket : undefined);
      }),
    );
  });

  it('is never made of any other text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void expect(parseSessionId(text)).toBeUndefined()));
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void expect(parseSessionId(`${uuid}.${text}`)).toBeUndefined()));
  });
});

describe('an event id', () => {
  it('comes back as it was, and streams of two sessions never share one', () => {
    const [one, other] = [new StreamIds(), new StreamIds()];
    const streams = Array.from({ length: 50 }, () => [one.next(), other.next()]).flat();
    expect(new Set(streams).size).toBe(100);
    for (const stream of streams) expect(parseEventId(formatEventId({ stream, seq: 7 }))).toEqual({ stream, seq: 7 });
  });

  it('is read from nothing else', () => {
    const form = /^[0-9a-z]{9,24}-\d{1,12}$/;
    fc.assert(fc.property(fc.string(), (text) => void expect(parseEventId(text) !== undefined).toBe(form.test(text))));
    for (const value of [undefined, null, 7, ['a'], '', '-', 'aaaaaaaaa1-', 'aaaaaaaaa1--1', 'aaaaaaaaa1-1e3'])
      expect(parseEventId(value)).toBeUndefined();
  });
});

it('a set of recent ids forgets the oldest', () => {
  const ids = new RecentIds(2);
  for (const id of ['a', 'b', 'a', 'c']) ids.add(id);
  expect(['a', 'b', 'c'].map((id) => ids.has(id))).toEqual([true, false, true]);
  expect(ids.size).toBe(2);
});
