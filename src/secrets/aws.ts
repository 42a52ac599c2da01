import { reasonOf } from '../errors.js';
import { awsCredentials } from './aws-credentials.js';
import { type SecretBackend, SecretError, type SecretInfo } from './backend.js';

export interface AwsSettings {
  readonly region: string;
  /** Put before a name: `hearth/` makes NAME the secret `hearth/NAME`. */
  readonly prefix: string;
  /** In place of AWS's own address: a VPC endpoint, LocalStack. */
  readonly endpoint?: string | undefined;
  /** Longest wait for one answer, in milliseconds. */
  readonly timeout: number;
}

const MAX_PAGES = 100;

/** Secrets in AWS Secrets Manager, only read. By its JSON API (API version 2017-10-17), signed with SigV4 by aws4fetch. */
export class AwsSecrets implements SecretBackend {
  constructor(
    private readonly settings: AwsSettings,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  get where(): string {
    return `AWS Secrets Manager (${this.settings.region}, ${this.settings.prefix}…)`;
  }

  async get(name: string): Promise<string | undefined> {
    const found = await this.#call('GetSecretValue', { SecretId: `${this.settings.prefix}${name}` });
    if (found === undefined) return undefined;
    const { SecretString: text, SecretBinary: binary } = found;
    if (typeof text === 'string') return text;
    if (typeof binary === 'string') return Buffer.from(binary, 'base64').toString('utf8');
    throw new SecretError(`${this.where} answered without a value for ${name}`);
  }

  async list(): Promise<SecretInfo[]> {
    const { prefix } = this.settings;
    const found: SecretInfo[] = [];
    let NextToken: unknown;
    for (let page = 0; page < MAX_PAGES; page++) {
      const filters = prefix === '' ? {} : { Filters: [{ Key: 'name', Values: [prefix] }] };
      const answer = (await this.#call('ListSecrets', { MaxResults: 100, ...filters, ...(NextToken !== undefined && { NextToken }) })) ?? {};
      found.push(...entriesOf(answer.SecretList, prefix));
      NextToken = answer.NextToken;
      if (NextToken === undefined) break;
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @returns undefined when there is no such secret @throws SecretError */
  async #call(action: string, body: object): Promise<Record<string, unknown> | undefined> {
    const { region, timeout } = this.settings;
    const url = this.settings.endpoint ?? `https://secretsmanager.${region}.amazonaws.com/`;
    const credentials = await awsCredentials(this.env);
    const { AwsClient } = await import('aws4fetch'); // only who uses AWS pays for it
    const client = new AwsClient({ ...withoutUndefined(credentials), region, service: 'secretsmanager', retries: 2 });
    const headers = { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': `secretsmanager.${action}` };
    let status: number;
    let text: string;
    try {
      const response = await client.fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(timeout) });
      status = response.status;
      text = await response.text();
    } catch (error) {
      const why = (error as Error).name === 'TimeoutError' ? `no answer within ${timeout} ms` : causeOf(error);
      throw new SecretError(`${this.where} cannot be reached: ${why}`);
    }
    const answer = parse(text);
    if (status === 200 && answer) return answer;
    const type = typeof answer?.__type === 'string' ? answer.__type.replace(/^.*#/, '') : 'no reason given';
    if (type === 'ResourceNotFoundException') return undefined;
    // Its message is left out: it names ARNs and accounts, and nobody promises what else.
    throw new SecretError(`${this.where} refused ${action}: HTTP ${status}, ${type}`);
  }
}

function entriesOf(list: unknown, prefix: string): SecretInfo[] {
  if (!Array.isArray(list)) return [];
  return (list as Array<Record<string, unknown>>).flatMap(({ Name, CreatedDate, LastChangedDate }) =>
    typeof Name === 'string' && Name.startsWith(prefix)
      ? [{ name: Name.slice(prefix.length), created: dateOf(CreatedDate), updated: dateOf(LastChangedDate) }]
      : [],
  );
}

/** Seconds since 1970, as the JSON protocol writes times. */
function dateOf(seconds: unknown): Date | undefined {
  return typeof seconds === 'number' ? new Date(seconds * 1000) : undefined;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** `fetch` says only that it failed; the reason is its cause. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return reasonOf(cause ?? error);
}

function withoutUndefined({ accessKeyId, secretAccessKey, sessionToken }: Awaited<ReturnType<typeof awsCredentials>>) {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
