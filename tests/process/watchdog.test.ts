import { expect, it } from 'vitest';
import { Watchdog } from '../../src/process/watchdog.js';
import { verifies } from '../acceptance/requirements.js';
import { FIXTURE, until, untilReady } from '../support/app.js';
import { Cli } from '../support/cli.js';
import { RawHttp } from '../support/raw-client.js';
import { isAlive } from '../support/wire.js';

it(verifies(['W3.orphans'], 'leaves no process 5 seconds after hearth was killed, however stubborn'), async () => {
  const env = ['--env', 'FIXTURE=ignore-term,ignore-eof'];
  await using hearth = new Cli(['wrap', '--port', '0', ...env, '--', process.execPath, FIXTURE]);
  const url = await hearth.listening();
  await untilReady(url);
  const client = new RawHttp(`${url}/mcp`);
  await client.open();
  const pids = [Number(await client.call(1, 'pid'))];
  for (const detached of [false, true]) pids.push(Number(await client.call(2, 'spawn', { detached, ignoreTerm: true })));
  expect(pids.every(isAlive)).toBe(true);
  hearth.kill('SIGKILL');
  await until(() => !pids.some(isAlive), 5_000);
});

it('ends with hearth when there is nothing to clean up', async () => {
  const watchdog = new Watchdog();
  await watchdog.close(); // never started
  watchdog.remove(1);
  watchdog.add(2 ** 22 + 1); // larger than any pid
  watchdog.add(2 ** 22 + 2);
  watchdog.remove(2 ** 22 + 1);
  watchdog.remove(2 ** 22 + 2);
  await watchdog.close();
});
