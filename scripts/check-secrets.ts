// Fails when a file of the repository, committed or about to be, holds what looks like a secret. It never prints one.
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findingsIn, judge } from './lib/secret-scan.ts';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const SHOWN = 4;
const MAX_BYTES = 5_000_000;

const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
const files = [...new Set(listed.split('\0'))].filter((file) => {
  const stat = file === '' ? undefined : lstatSync(file, { throwIfNoEntry: false });
  return stat?.isFile() && stat.size <= MAX_BYTES;
});
const texts = files.map((file) => ({ file, text: readFileSync(file, 'latin1') })).filter(({ text }) => !text.includes('\0'));
const { refused, unused } = judge(texts.flatMap(({ file, text }) => findingsIn(file, text)));

for (const { file, line, kind, text } of refused) console.error(`${file}:${line} looks like a secret (${kind}): ${text.slice(0, SHOWN)}...`);
for (const { file, reason } of unused) console.error(`${file}: an allowance is not needed any more (${reason})`);
if (refused.length > 0)
  console.error('If it is real: replace it where it is used, then take it out. If it is made up: name it in scripts/lib/secret-scan.ts.');
if (refused.length + unused.length > 0 || texts.length === 0) process.exitCode = 1;
else console.log(`${texts.length} files, none with a secret`);
