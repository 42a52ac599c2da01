import { AwsSecrets } from './aws.js';
import type { SecretBackend } from './backend.js';
import { MountedSecrets } from './docker.js';
import { FileStore } from './file-store.js';
import { type KeySettings, keyFileOf } from './key-source.js';
import { tooOpen } from './master-key.js';

export interface SecretsSettings {
  readonly backend?: 'file' | 'aws' | undefined;
  /** Folder of mounted secrets. */
  readonly dir: string;
  readonly file: KeySettings & { readonly path: string };
  readonly aws: { readonly region?: string | undefined; readonly prefix: string; readonly endpoint?: string | undefined; readonly timeout: number };
}

/** Where secrets are looked for, in order: the store, if one is configured, then what Docker mounts. */
export function placesOf(settings: SecretsSettings, env: NodeJS.ProcessEnv): SecretBackend[] {
  const mounted = new MountedSecrets(settings.dir);
  if (settings.backend === 'file') return [FileStore.from(settings.file.path, settings.file, env), mounted];
  if (settings.backend === 'aws') {
    const region = settings.aws.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1';
    return [new AwsSecrets({ ...settings.aws, region }, env), mounted];
  }
  return [mounted];
}

/** What is wrong with the modes of the store's files. */
export function warningsOf({ backend, file }: SecretsSettings, env: NodeJS.ProcessEnv): string[] {
  if (backend !== 'file') return [];
  const keyFile = keyFileOf(file, env);
  return [file.path, ...(keyFile === undefined ? [] : [keyFile])].flatMap((path) => tooOpen(path) ?? []);
}
