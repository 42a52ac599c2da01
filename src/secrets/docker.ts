import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../errors.js';
import { isSecretName, MAX_VALUE_BYTES, type SecretBackend, SecretError, type SecretInfo } from './backend.js';

/** Secrets that Docker or Kubernetes mount: one file each, named after it, in one folder. Only read. */
export class MountedSecrets implements SecretBackend {
  /** @param folder usually `/run/secrets` */
  constructor(private readonly folder: string) {}

  get where(): string {
    return this.folder;
  }

  /** Without the last line end, which editors and `echo` leave there. */
  async get(name: string): Promise<string | undefined> {
    if (!isSecretName(name)) return undefined;
    const file = join(this.folder, name);
    try {
      const { size } = await stat(file);
      if (size > MAX_VALUE_BYTES) throw new SecretError(`${file} has ${size} bytes; the limit of a secret is ${MAX_VALUE_BYTES}`);
      return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error instanceof SecretError ? error : new SecretError(`${file} cannot be read: ${reasonOf(error)}`);
    }
  }

  async list(): Promise<SecretInfo[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (isAbsent(error)) return [];
      throw new SecretError(`${this.folder} cannot be read: ${reasonOf(error)}`);
    });
    return names
      .filter(isSecretName)
      .sort()
      .map((name) => ({ name, created: undefined, updated: undefined }));
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
