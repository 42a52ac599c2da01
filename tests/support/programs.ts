import { spawnSync } from 'node:child_process';

/** Text for a test's title when a program is not installed: `: skipped, promtool is not installed …`; else empty. */
export function absent(program: string, debian: string): string {
  const isThere = !spawnSync(program, ['--version']).error;
  return isThere ? '' : `: skipped, ${program} is not installed (Debian's package ${debian})`;
}

/** `promtool` and `prometheus` come together. */
export const noPrometheus = absent('promtool', 'prometheus');
