import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { SecretError } from './backend.js';

/** NIST SP 800-38D, 8.2.2: a random nonce of 96 bits, never used twice with one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** One encrypted value, in base64. */
export interface Sealed {
  readonly nonce: string;
  readonly data: string;
  readonly tag: string;
}

/** The keys of one store, derived from the master key and the store's salt (HKDF-SHA-256, RFC 5869). */
export class StoreKeys {
  readonly #encryption: Buffer;
  readonly #authentication: Buffer;
  /** Tells whether a master key is the right one. Says nothing about it. */
  readonly id: string;

  /** @param salt base64 */
  constructor(
    master: Buffer,
    readonly salt: string,
  ) {
    const derive = (purpose: string, bytes: number): Buffer =>
      Buffer.from(hkdfSync('sha256', master, Buffer.from(salt, 'base64'), `hearth-secrets/1/${purpose}`, bytes));
    this.#encryption = derive('encryption', 32);
    this.#authentication = derive('authentication', 32);
    this.id = derive('id', 16).toString('base64');
  }

  static fresh(master: Buffer): StoreKeys {
    return new StoreKeys(master, randomBytes(32).toString('base64'));
  }

  /** @param name is bound to the value: under another name it cannot be opened */
  seal(name: string, value: string): Sealed {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#encryption, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(name));
    const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
    return { nonce: nonce.toString('base64'), data: data.toString('base64'), tag: cipher.getAuthTag().toString('base64') };
  }

  /** @throws SecretError when the value was tampered with, or belongs to another name */
  open(name: string, { nonce, data, tag }: Sealed): string {
    try {
      const decipher = createDecipheriv(CIPHER, this.#encryption, Buffer.from(nonce, 'base64'), { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(name)).setAuthTag(Buffer.from(tag, 'base64'));
      return decipher.update(data, 'base64', 'utf8') + decipher.final('utf8');
    } catch {
      throw new SecretError(`the secret ${name} in the store was changed by something other than hearth; set it again`);
    }
  }

  /** Authenticates a text, so that no entry can be removed, renamed or brought back unseen. */
  mac(text: string): string {
    return createHmac('sha256', this.#authentication).update(text).digest('base64');
  }

  verify(text: string, mac: string): boolean {
    const [own, given] = [Buffer.from(this.mac(text)), Buffer.from(mac)];
    return own.length === given.length && timingSafeEqual(own, given);
  }
}

function boundTo(name: string): Buffer {
  return Buffer.from(`hearth-secrets/1/${name}`);
}
