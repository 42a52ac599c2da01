import type { Scope } from './scope.js';

/** A key that stands in the config itself. */
export interface ConfiguredKey extends Scope {
  readonly key: string;
  readonly name?: string | undefined;
  /** ISO 8601. */
  readonly expires?: string | undefined;
}

export interface JwtSettings {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Where the issuer publishes its keys: one of the two. */
  readonly jwksUrl?: string | undefined;
  readonly jwksFile?: string | undefined;
  /** Asymmetric ones only. */
  readonly algorithms: readonly string[];
  /** In milliseconds: difference of clocks, time for a fetch of keys, age of fetched keys, and between fetches for unknown keys. */
  readonly clockTolerance: number;
  readonly timeout: number;
  readonly maxAge: number;
  readonly cooldown: number;
  /** What each scope of a token gives. */
  readonly scopes: Readonly<Record<string, Scope>>;
  /** The URL of this hearth as the issuer knows it, where that is not the one that clients use. */
  readonly resource?: string | undefined;
}

export interface AuthSettings {
  readonly keys: readonly ConfiguredKey[];
  readonly keysFile?: string | undefined;
  readonly apiKeyFile?: string | undefined;
  readonly jwt?: JwtSettings | undefined;
  /** Failed attempts of one address within the window (milliseconds). */
  readonly failures: number;
  readonly failureWindow: number;
}

/** Whether anybody has to say who they are. An empty list of keys is no way in, but it is a lock. */
export function isAuthOn({ keys, keysFile, apiKeyFile, jwt }: Ways): boolean {
  return [keys, keysFile, apiKeyFile, jwt].some((way) => way !== undefined);
}

interface Ways {
  readonly keys?: unknown;
  readonly keysFile?: unknown;
  readonly apiKeyFile?: unknown;
  readonly jwt?: unknown;
}
