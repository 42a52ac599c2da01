import { describe, expect, it } from 'vitest';
import { type NotificationMessage, parseMessage, type RequestMessage, type ResponseMessage } from '../../src/protocol/message.js';
import { missingCapability, questionOf } from '../../src/router/questions.js';
import type { Caller } from '../../src/router/router.js';
import { Tasks } from '../../src/router/tasks.js';
import { envelopeFrom, supportedVersion } from '../../src/supervisor/handshake.js';
import { paramHeadersOf } from '../../src/transport/param-headers.js';
import type { Json } from '../support/raw-client.js';

const request = (method: string, params?: Json) => parseMessage(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })) as RequestMessage;
const reply = (result: unknown) => parseMessage(JSON.stringify({ jsonrpc: '2.0', id: 1, result })) as ResponseMessage;
const caller = (id: string) => ({ id }) as Caller;

describe('questions', () => {
  it.each([
    ['roots/list', undefined, {}, { roots: {} }],
    ['roots/list', undefined, { roots: {} }, undefined],
    ['ping', undefined, {}, undefined],
    ['elicitation/create', {}, { elicitation: {} }, undefined],
    ['elicitation/create', {}, { elicitation: { url: {} } }, { elicitation: { form: {} } }],
    ['elicitation/create', { mode: 'url' }, { elicitation: {} }, { elicitation: { url: {} } }],
    ['elicitation/create', { mode: 'url' }, {}, { elicitation: { url: {} } }],
    ['elicitation/create', { mode: 'url' }, { elicitation: { url: {} } }, undefined],
    ['sampling/createMessage', {}, { sampling: {} }, undefined],
  ])('%s with %j to a client with %j lacks %j', (method, params, offered, missing) => {
    expect(missingCapability(request(method, params), offered)).toEqual(missing);
  });

  it.each([undefined, null, {}, { method: 1 }, { method: 'tools/call' }, { method: 'roots/list', params: [] }])('%j is none', (entry) => {
    expect(questionOf(1, entry)).toBeUndefined();
  });

  it('of a URL get the id that the legacy era wants, if they have none', () => {
    const url = { method: 'elicitation/create', params: { mode: 'url', url: 'https://x.example' } };
    expect(questionOf(1, url)?.params).toEqual({ ...url.params, elicitationId: expect.stringMatching(/^hearth-/) });
    expect(questionOf(1, { ...url, params: { ...url.params, elicitationId: 'own' } })?.params?.elicitationId).toBe('own');
  });
});

describe('tasks', () => {
  it('are known by what servers and clients say of them', () => {
    const tasks = new Tasks();
    const [mine, other] = [caller('a'), caller('b')];
    for (const result of [1, {}, { task: 1 }, { task: {} }, { task: { taskId: 5 } }]) tasks.created(mine, reply(result));
    tasks.created(mine, reply({ task: { taskId: 't' } }));
    expect([tasks.refusal(mine, request('tasks/get', { taskId: 't' })), tasks.refusal(other, request('tasks/get', { taskId: 't' }))?.code]).toEqual([
      undefined,
      'invalid_params',
    ]);
    expect(tasks.refusal(mine, request('tasks/get'))?.message).toContain('has no task ""');
    expect(tasks.own(mine, { tasks: [{ taskId: 't' }, { taskId: 'u' }, 1], nextCursor: 'c' })).toEqual({ tasks: [{ taskId: 't' }], nextCursor: 'c' });
    expect(tasks.own(mine, {})).toEqual({ tasks: [] });
    const status = (params?: Json) => parseMessage(JSON.stringify({ jsonrpc: '2.0', method: 'm', params })) as NotificationMessage;
    expect([tasks.ownerOf(status({ taskId: 't' })), tasks.ownerOf(status()), tasks.ownerOf(status({ taskId: 1 }))]).toEqual([
      mine,
      undefined,
      undefined,
    ]);
    expect([tasks.release(other), tasks.release(mine), tasks.release(mine)]).toEqual([[], ['t'], []]);
  });

  it('are remembered up to a limit, the newest', () => {
    const tasks = new Tasks();
    const mine = caller('a');
    for (let n = 0; n <= 10_000; n++) tasks.created(mine, reply({ task: { taskId: `t${n}` } }));
    expect([tasks.refusal(mine, request('tasks/get', { taskId: 't0' }))?.code, tasks.refusal(mine, request('tasks/get', { taskId: 't1' }))]).toEqual([
      'invalid_params',
      undefined,
    ]);
    tasks.clear();
    expect(tasks.release(mine)).toEqual([]);
  });
});

describe('what a server of the modern era says', () => {
  it.each([undefined, {}, { supportedVersions: '2026-07-28' }, { supportedVersions: ['2099-01-01'] }])(
    '%j names no revision that hearth knows',
    (discovered) => {
      expect(supportedVersion(discovered)).toBeUndefined();
    },
  );

  it('is asked with an envelope that leaves out what the era has not', () => {
    expect(envelopeFrom({ capabilities: { roots: {}, tasks: {} }, clientInfo: { name: 'c' } }, 'debug')).toEqual({
      version: '2026-07-28',
      capabilities: { roots: {} },
      clientInfo: { name: 'c' },
      logLevel: 'debug',
    });
    expect(envelopeFrom(undefined)).toMatchObject({ capabilities: {}, clientInfo: undefined });
  });
});

describe('headers that repeat arguments', () => {
  const header = (name: unknown, type = 'string'): Json => ({ type, 'x-mcp-header': name });

  it('are found along properties, and nowhere else', () => {
    const inputSchema = {
      'x-mcp-header': 'Root',
      properties: {
        a: header('A'),
        n: header('N', 'number'),
        deep: { properties: { b: header('B', 'integer') }, items: header('Items') },
        bad: header('not a token'),
        none: header(1),
        odd: true,
      },
    };
    const tool = { name: 't', inputSchema };
    const found = paramHeadersOf(tool);
    expect(found.map(({ header: name, path, isNumber }) => [name, path.join('.'), isNumber])).toEqual([
      ['Mcp-Param-A', 'a', false],
      ['Mcp-Param-N', 'n', true],
      ['Mcp-Param-B', 'deep.b', true],
    ]);
    expect(paramHeadersOf(tool)).toBe(found);
    expect(paramHeadersOf({ name: 'without' })).toEqual([]);
  });

  it('have an end in schemas that go ever deeper', () => {
    let schema: Json = { properties: { x: header('Deep') } };
    for (let depth = 0; depth < 100; depth++) schema = { properties: { x: schema } };
    expect(paramHeadersOf({ inputSchema: schema })).toEqual([]);
  });
});
