import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/message.js';
import { type Ask, listAll, shakeHands } from '../../src/supervisor/handshake.js';
import { verifies } from '../acceptance/requirements.js';
import { Supervised } from './support.js';

/** A server whose answers are given by a table, and what it was asked. */
function server(answers: Record<string, unknown>) {
  const log: string[] = [];
  const ask: Ask = async (method) => {
    log.push(method);
    return answers[method];
  };
  return { log, shake: () => shakeHands(ask, () => log.push('confirmed'), {}, 'auto') };
}

describe('shakeHands', () => {
  it('confirms between initialize and the list of tools', async () => {
    const initialize = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, extra: 1 };
    const { log, shake } = server({ initialize, 'tools/list': { tools: [{ name: 'a' }, 'nonsense', null] } });
    expect(await shake()).toEqual({
      era: 'legacy',
      initialize,
      discover: undefined,
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      tools: [{ name: 'a' }],
    });
    expect(log).toEqual(['initialize', 'confirmed', 'tools/list']);
  });

  it.each([undefined, [], { prompts: {} }])('asks for no tools when the capabilities are %j', async (capabilities) => {
    const { log, shake } = server({ initialize: { protocolVersion: '2024-11-05', capabilities } });
    expect(await shake()).toMatchObject({ tools: [] });
    expect(log).toEqual(['initialize', 'confirmed']);
  });

  it.each([undefined, null, 'yes', {}, { protocolVersion: 1 }])('refuses %j for an answer', async (initialize) => {
    const { log, shake } = server({ initialize });
    await expect(shake()).rejects.toMatchObject({ code: 'unavailable' });
    expect(log).toEqual(['initialize']);
  });
});

describe('listAll', () => {
  it(verifies(['W1.pagination'], 'follows the pages of a real server'), async () => {
    await using paged = new Supervised('paged');
    await using whole = new Supervised();
    await Promise.all([paged.supervisor.whenReady(), whole.supervisor.whenReady()]);
    expect(paged.supervisor.handshake?.tools).toEqual(whole.supervisor.handshake?.tools);
    expect(paged.wire.filter((method) => method === 'tools/list').length).toBeGreaterThan(2);
  });

  it('hands the cursor back, and takes an answer without entries for an empty page', async () => {
    const asked: unknown[] = [];
    const pages: unknown[] = [{ prompts: [{ name: 'a' }], nextCursor: '' }, { nextCursor: 'x' }, { prompts: 'nonsense', nextCursor: 'y' }, null];
    const ask = async (_method: string, params?: JsonObject): Promise<unknown> => {
      asked.push(params);
      return pages[asked.length - 1];
    };
    expect(await listAll(ask, 'prompts/list', 'prompts')).toEqual([{ name: 'a' }]);
    expect(asked).toEqual([{}, { cursor: '' }, { cursor: 'x' }, { cursor: 'y' }]);
  });

  it('does not turn the pages of a broken server for ever', async () => {
    const ask: Ask = async () => ({ tools: [], nextCursor: 'again' });
    await expect(listAll(ask, 'tools/list', 'tools')).rejects.toThrow('does not end after 1000 pages');
  });
});
