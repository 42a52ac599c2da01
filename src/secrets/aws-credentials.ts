import { readFileSync } from 'node:fs';
import { reasonOf } from '../errors.js';
import { SecretError } from './backend.js';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

const CONTAINER_HOST = 'http://169.254.170.2';
const TIMEOUT_MS = 5_000;

/**
 * Credentials of the usual places of a container: the AWS_* variables, else the role of the task (ECS) or pod (EKS Pod
 * Identity), by the variables that those set. Asked anew each time, since those of roles expire.
 *
 * @throws SecretError
 */
export async function awsCredentials(env: NodeJS.ProcessEnv): Promise<AwsCredentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, sessionToken };
  const url = containerUrl(env);
  if (url) return fromRole(url, env);
  throw new SecretError('there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with the role of a task or pod');
}

function containerUrl(env: NodeJS.ProcessEnv): string | undefined {
  const relative = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  return relative ? `${CONTAINER_HOST}${relative}` : env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
}

async function fromRole(url: string, env: NodeJS.ProcessEnv): Promise<AwsCredentials> {
  try {
    const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file } = env;
    const token = file ? readFileSync(file, 'utf8').trim() : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
    const response = await fetch(url, { headers: token ? { Authorization: token } : {}, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { AccessKeyId, SecretAccessKey, Token } = (await response.json()) as Record<string, string | undefined>;
    if (!AccessKeyId || !SecretAccessKey) throw new Error('the answer has no keys');
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
  } catch (error) {
    // The reason of a parse error would show a part of the answer.
    throw new SecretError(
      `the AWS credentials of the role cannot be had: ${error instanceof SyntaxError ? 'the answer is not JSON' : reasonOf(error)}`,
    );
  }
}
