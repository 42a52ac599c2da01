import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { Watchdog } from '../../src/process/watchdog.js';
import { until } from '../support/app.js';
import { isAlive, Started } from './support.js';

afterEach(() => vi.unstubAllEnvs());

it('cleans up what it was told of and what carries its mark, also without a PATH', async () => {
  vi.stubEnv('PATH', undefined);
  const watchdog = new Watchdog();
  await using told = new Started('/bin/sh', ['-c', '/bin/sleep 600 & /bin/sleep 600; :'], { watchdog });
  const { pid } = told.child;
  expect(isAlive(pid as number)).toBe(true);
  await watchdog.close(); // with the group still on its list, as when hearth was killed
  await until(() => !isAlive(pid as number), 5_000);
  await told.exited;
  expect(told.exits).toMatchObject([{ signal: 'SIGTERM' }]);
});

it('is waited for also by a process that has nothing else to do', async () => {
  const built = new URL('../../dist/process/watchdog.js', import.meta.url).href;
  const script = `const { Watchdog } = await import('${built}'); const dog = new Watchdog(); dog.add(999999999); dog.remove(999999999); await dog.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  expect(code).toBe(0); // 13 says that the process ended while it waited
});
