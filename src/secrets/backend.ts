/** What is known of a secret without its value. */
export interface SecretInfo {
  readonly name: string;
  readonly created: Date | undefined;
  readonly updated: Date | undefined;
}

/** A place that keeps secrets. One file per kind implements it. No error of any of them holds a value. */
export interface SecretBackend {
  /** Where it is, for messages: "the store /data/secrets.json". */
  readonly where: string;
  /** @returns undefined when there is no such secret @throws SecretError when the place cannot be read */
  get(name: string): Promise<string | undefined>;
  /** Sorted by name. @throws SecretError */
  list(): Promise<SecretInfo[]>;
  /** Adds or replaces one. Missing where hearth only reads. @throws SecretError */
  set?(name: string, value: string): Promise<void>;
  /** @returns whether there was one @throws SecretError */
  remove?(name: string): Promise<boolean>;
}

/** Why secrets cannot be used, in one sentence for people: names and files, never a value. */
export class SecretError extends Error {}

/** Names are parts of paths (Docker) and of ids (AWS): no separators, no dot at the beginning, nothing like `__proto__`. */
const NAME = /^(?!__)[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** Largest value, in bytes: what AWS Secrets Manager takes (its API reference, CreateSecret: SecretString). */
export const MAX_VALUE_BYTES = 65_536;

export function isSecretName(name: string): boolean {
  return NAME.test(name);
}

/** @throws SecretError unless both are acceptable */
export function checkSecret(name: string, value: string): void {
  if (!isSecretName(name)) throw new SecretError('a secret\'s name has letters, digits, "_", "." and "-", and at most 128 of them');
  if (value === '') throw new SecretError(`the value of ${name} is empty`);
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_VALUE_BYTES) throw new SecretError(`the value of ${name} has ${bytes} bytes; the limit is ${MAX_VALUE_BYTES}`);
}
