import { describe, expect, it } from 'vitest';
import { until } from '../support/app.js';
import { fixtureOptions, Opened } from './support.js';

const open = (modes = '', extra: Parameters<typeof fixtureOptions>[1] = {}) => new Opened(fixtureOptions(modes, extra));
/** Runs a shell script in the place of a server. */
const script = (source: string) => new Opened(fixtureOptions('', { command: 'sh', args: ['-c', source] }));

describe('stdioUpstream', () => {
  it('sends and receives messages, also one that was written over several lines', async () => {
    await using run = open();
    expect(run.upstream.pid).toBeGreaterThan(0);
    run.upstream.send('{"jsonrpc":"2.0",\r\n"id":1,\n"method":"ping"}');
    run.call('1', 'echo', { text: 'é\u2028🙂' });
    await run.untilMessages(2);
    expect(run.messages).toMatchObject([
      { kind: 'response', id: 1, raw: '{"jsonrpc":"2.0","id":1,"result":{}}' },
      { kind: 'response', id: '1', body: { result: { content: [{ text: 'é\u2028🙂' }] } } },
    ]);
  });

  it('counts and logs lines that are no messages, and goes on', async () => {
    await using run = open('banner');
    run.call(1, 'raw', { line: '[info] not a batch\n[1,\n{"jsonrpc":"2.0","id":$ID,"result":{}}\n' });
    await run.untilMessages(1);
    expect(run.messages).toHaveLength(1);
    expect(await run.counts.read('mcp_child_stdout_noise_lines_total')).toBe(5);
    const noise = run.records.filter(({ event }) => event === 'stdout_noise');
    expect(noise.map(({ line }) => line)).toEqual(['Welcome to the fixture!', '{"not": "json-rpc"}', 'null', '[info] not a batch', '[1,']);
  });

  it('keeps noise short in the log', async () => {
    await using run = script(`printf '%01000d\\n' 7`);
    await run.untilClosed();
    expect(run.records.find(({ event }) => event === 'stdout_noise')?.line).toHaveLength(200);
  });

  it('takes batches apart; a bad entry does not cost the others', async () => {
    await using run = open();
    run.call(1, 'raw', { line: ' [{"jsonrpc":"2.0","method":"a"},7,{"jsonrpc":"2.0","id":$ID,"result":{}}]\n[]\n{"jsonrpc":"2.0","method":"z"}\n' });
    await run.untilMessages(3);
    expect(run.messages).toMatchObject([{ method: 'a' }, { kind: 'response', id: 1 }, { method: 'z' }]);
    expect(await run.counts.read('mcp_child_stdout_noise_lines_total')).toBe(1);
  });

  it('reports a line past the limit and nothing of it, and goes on', async () => {
    await using run = open('', { maxMessage: 10_000 });
    run.call(1, 'echo', { text: 'small' });
    run.call(2, 'big', { bytes: 200_000 });
    run.call(3, 'echo', { text: 'small' });
    await run.untilMessages(2);
    expect(run.messages).toMatchObject([{ id: 1 }, { id: 3 }]);
    expect(run.oversized).toEqual([{ bytes: expect.any(Number), id: 2, hasMethod: false }]);
  });

  it('takes a last message without line end', async () => {
    await using run = script(`printf '%s' '{"jsonrpc":"2.0","method":"bye"}'`);
    await run.untilClosed();
    expect(run.messages).toMatchObject([{ method: 'bye' }]);
  });

  it('logs and counts what the server writes to stderr, and tells its last words', async () => {
    await using run = script(`printf 'one\\n\\nError: no token\\n%070000d' 1 >&2; exit 3`);
    const words = '(a line of 70000 bytes was left out)';
    expect(await run.untilClosed()).toEqual({ kind: 'exit', text: 'its process exited with code 3', lastWords: words });
    expect(run.records.filter(({ event }) => event === 'child_stderr').map(({ message }) => message)).toEqual(['one', 'Error: no token', words]);
    expect(await run.counts.read('mcp_child_stderr_lines_total')).toBe(3);
  });

  it('tells how it ended: by a signal, or not having begun', async () => {
    await using killed = script('kill -KILL $$');
    expect(await killed.untilClosed()).toEqual({ kind: 'signal', text: 'its process was ended by SIGKILL', lastWords: undefined });
    await using missing = open('', { command: 'hearth-no-such-command' });
    const { kind, text } = await missing.untilClosed();
    expect(kind).toBe('spawn_error');
    expect(text).toMatch(/^"hearth-no-such-command" could not be started: .*ENOENT/);
    expect(missing.upstream.pid).toBeUndefined();
  });

  it('closes when it is told to, says so once, and sends nothing afterwards', async () => {
    await using run = open();
    run.call(1, 'echo', { text: 'x' });
    await run.untilMessages(1);
    await Promise.all([run.upstream.close(), run.upstream.close()]);
    expect(run.closed).toMatchObject([{ kind: 'exit', text: 'its process exited with code 0' }]);
    expect(() => run.call(2, 'echo')).toThrow('The server process has ended.');
  });

  it('refuses to pile up input for a server that does not read', async () => {
    await using run = open('', { stop: { eofMs: 10, termMs: 2_000 } });
    run.call(1, 'stop-reading');
    await run.untilMessages(1);
    await until(() => {
      try {
        run.call(2, 'echo', { text: 'x'.repeat(200_000) });
        return false;
      } catch (error) {
        expect(error).toMatchObject({ code: 'overloaded' });
        return true;
      }
    });
  });
});
