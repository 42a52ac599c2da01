import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { reasonOf } from '../errors.js';
import { SecretError } from './backend.js';

/** 256 bits, so that it can be the input of HKDF as it is. A passphrase would be far weaker and is not taken. */
const KEY_BYTES = 32;
const FORM = /^[A-Za-z0-9+/]{43}=?$/;

/** A new master key as text: base64 of 32 random bytes. */
export function newKeyText(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

/** @param source where it came from, for the error @throws SecretError; it does not show the text */
export function parseKey(text: string, source: string): Buffer {
  if (FORM.test(text.trim())) return Buffer.from(text.trim(), 'base64');
  throw new SecretError(`${source} does not hold a key (base64 of ${KEY_BYTES} bytes); make one with: hearth secrets init`);
}

/** @throws SecretError */
export function readKeyFile(file: string): Buffer {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SecretError(`the key file cannot be read: ${reasonOf(error)}`);
  }
  return parseKey(text, `the key file ${file}`);
}

/** A warning when others than the owner may read a file; undefined when all is well, it is absent, or the system has no modes. */
export function tooOpen(file: string): string | undefined {
  const mode = process.platform === 'win32' ? undefined : statSync(file, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & 0o077) === 0) return undefined;
  return `${file} can be read by others (mode ${(mode & 0o777).toString(8)}); run: chmod 600 ${file}`;
}
