import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { verifies } from './requirements.js';

const CENSUS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'scripts', 'census.ts');

/** @returns its exit code and everything that it said */
function census(sessions: number): Promise<{ code: number | null; said: string }> {
  const script = spawn(process.execPath, [CENSUS, '--sessions', String(sessions)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [script.stdout, script.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  return new Promise((resolve) => script.once('close', (code) => resolve({ code, said })));
}

it(verifies(['W3.churn'], 'leaves nothing behind after 2,000 sessions, a third each ended, dropped and half-open'), {
  timeout: 120_000,
}, async () => {
  const { code, said } = await census(2_000);
  expect(said).toContain('2000 sessions in');
  expect(said).not.toContain('leak:');
  expect(code).toBe(0);
});
