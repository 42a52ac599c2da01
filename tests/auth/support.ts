import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { KeyAdmin } from '../../src/auth/key-admin.js';
import { readKeyFile, writeKeyFile } from '../../src/auth/key-file.js';
import type { TempFolder } from '../support/temp.js';

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

export interface Keys {
  readonly file: string;
  readonly admin: KeyAdmin;
  /** Everything is allowed to both. */
  readonly right: string;
  readonly other: string;
  /** Server `two` only. */
  readonly scoped: string;
  readonly expired: string;
  readonly revoked: string;
}

/** A keys file with a key of every kind. */
export async function makeKeys(folder: TempFolder): Promise<Keys> {
  const file = folder.file('keys.json');
  const admin = new KeyAdmin(file);
  const add = (name: string, servers?: string[]): Promise<string> => admin.add({ name, servers, tools: undefined, lifetime: undefined });
  const [right, other, scoped] = [await add('right'), await add('other'), await add('scoped', ['two'])];
  const [expired, revoked] = [await add('expired'), await add('revoked')];
  const past = new Date(Date.now() - 1_000).toISOString();
  writeKeyFile(
    file,
    readKeyFile(file).map((key) => (key.name === 'expired' ? { ...key, expires: past } : key)),
  );
  await admin.revoke('revoked');
  return { file, admin, right, other, scoped, expired, revoked };
}

/** An authorization server, as far as a resource server sees it: its public keys, over HTTP, and tokens. */
export class Issuer implements AsyncDisposable {
  readonly #keys: { kid: string; jwk: JWK; privateKey: CryptoKey }[] = [];
  fetches = 0;
  /** What the keys are answered with instead. */
  answer: ((res: import('node:http').ServerResponse) => void) | undefined;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('request', (_req, res) => {
      this.fetches++;
      if (this.answer) this.answer(res);
      else res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: this.#keys.map(({ jwk }) => jwk) }));
    });
  }

  static async start(): Promise<Issuer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = new Issuer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await issuer.rotate();
    return issuer;
  }

  /** A new key in place of the one before. */
  async rotate(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = `key-${Math.random()}`;
    this.#keys.splice(0, this.#keys.length, { kid, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }, privateKey });
  }

  get jwks(): { keys: JWK[] } {
    return { keys: this.#keys.map(({ jwk }) => jwk) };
  }

  token(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
    const [key] = this.#keys;
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: this.url, aud: 'https://hearth.test', sub: 'alice', scope: 'mcp:tools', iat: now, exp: now + 300, ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: key?.kid as string, ...header }).sign(key?.privateKey as CryptoKey);
  }

  /** The config of a hearth that trusts it. */
  get jwt(): { issuer: string; audience: string; jwksUrl: string } {
    return { issuer: this.url, audience: 'https://hearth.test', jwksUrl: `${this.url}/jwks` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
