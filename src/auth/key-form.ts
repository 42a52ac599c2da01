import { randomBytes } from 'node:crypto';

const FORM = /^hk_([0-9a-z]{12})_([\w-]{43})$/;

/** A new key: an id that may be shown, and 256 random bits that may not. */
export function newKey(): { id: string; key: string } {
  const id = newKeyId();
  return { id, key: keyWith(id) };
}

export function newKeyId(): string {
  return randomBytes(6).toString('hex');
}

/** A new secret under an id. */
export function keyWith(id: string): string {
  return `hk_${id}_${randomBytes(32).toString('base64url')}`;
}

/** The id that a key says, so that it is compared with one hash only; undefined for keys of any other form. */
export function keyIdOf(text: string): string | undefined {
  return FORM.exec(text)?.[1];
}
