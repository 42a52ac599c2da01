import { describe, expect, it } from 'vitest';
import { HANDSHAKE_VERSIONS, isHandshakeVersion, LATEST_HANDSHAKE_VERSION, negotiate } from '../../src/protocol/versions.js';

describe('versions', () => {
  it('are in order, and the latest is the last', () => {
    expect([...HANDSHAKE_VERSIONS].sort()).toEqual(HANDSHAKE_VERSIONS);
    expect(HANDSHAKE_VERSIONS.at(-1)).toBe(LATEST_HANDSHAKE_VERSION);
  });

  it('are known or not', () => {
    expect(isHandshakeVersion('2025-03-26')).toBe(true);
    expect(isHandshakeVersion('2026-07-28')).toBe(false);
    expect(isHandshakeVersion('')).toBe(false);
  });

  it.each([
    ['2024-11-05', '2025-11-25', '2024-11-05'],
    ['2025-11-25', '2025-11-25', '2025-11-25'],
    ['2025-11-25', '2025-03-26', '2025-03-26'],
    ['1999-01-01', '2025-06-18', '2025-06-18'],
    ['2099-01-01', '2025-06-18', '2025-06-18'],
  ])('asked for %s by a client of a server with %s, answers %s', (requested, served, answer) => {
    expect(negotiate(requested, served)).toBe(answer);
  });
});
