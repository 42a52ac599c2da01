import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const AWS_ENV = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'aws-secret-key-canary' };
const PAGE = 2;

export interface FakeAws extends AsyncDisposable {
  readonly endpoint: string;
  readonly calls: string[];
  /** What it does in place of answering. */
  mode: 'answer' | 'hang' | 'garbage' | 'refuse' | 'no-value';
}

/**
 * Speaks as much of AWS Secrets Manager's JSON API as hearth uses: GetSecretValue and ListSecrets, with paging, and a
 * check of the whole SigV4 signature, computed here once more. It stands in for the real one, which tests cannot reach.
 */
export async function fakeAws(secrets: Readonly<Record<string, string | Buffer>>): Promise<FakeAws> {
  const calls: string[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const action = String(req.headers['x-amz-target']).replace('secretsmanager.', '');
      calls.push(action);
      const send = (status: number, value: unknown): void =>
        void res.writeHead(status).end(typeof value === 'string' ? value : JSON.stringify(value));
      if (fake.mode === 'hang') return;
      if (fake.mode === 'garbage') return send(200, 'not JSON: canary-in-garbage');
      if (fake.mode === 'refuse') return send(400, { __type: 'com.amazon#AccessDeniedException', Message: 'canary-in-message' });
      if (fake.mode === 'no-value') return send(200, {});
      if (!isSigned(req.headers, body)) return send(403, { __type: 'InvalidSignatureException' });
      const input = JSON.parse(body) as { SecretId?: string; NextToken?: string; Filters?: Array<{ Values: string[] }> };
      if (action === 'ListSecrets') {
        const prefix = input.Filters?.[0]?.Values[0] ?? '';
        const names = Object.keys(secrets).filter((name) => name.startsWith(prefix));
        const from = Number(input.NextToken ?? 0);
        const list = names.slice(from, from + PAGE).map((Name) => ({ Name, CreatedDate: 1_700_000_000, LastChangedDate: 1_700_000_001.5 }));
        return send(200, { SecretList: list, ...(from + PAGE < names.length && { NextToken: String(from + PAGE) }) });
      }
      const value = secrets[input.SecretId ?? ''];
      if (value === undefined) return send(400, { __type: 'ResourceNotFoundException' });
      send(200, typeof value === 'string' ? { SecretString: value } : { SecretBinary: value.toString('base64') });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeAws = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    calls,
    mode: 'answer',
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

/** AWS Signature Version 4, from its documentation ("Create a signed AWS API request"). */
function isSigned(headers: NodeJS.Dict<string | string[]>, body: string): boolean {
  const found =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/secretsmanager\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      String(headers.authorization),
    );
  if (!found) return false;
  const [, id, date, region, signed, signature] = found as unknown as string[];
  if (id !== AWS_ENV.AWS_ACCESS_KEY_ID || !signed?.split(';').includes('host')) return false;
  const lines = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const request = ['POST', '/', '', lines.join(''), signed, createHash('sha256').update(body).digest('hex')].join('\n');
  const scope = `${date}/${region}/secretsmanager/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', String(headers['x-amz-date']), scope, createHash('sha256').update(request).digest('hex')].join('\n');
  const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
  const key = ['secretsmanager', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${AWS_ENV.AWS_SECRET_ACCESS_KEY}`, date ?? ''), region ?? ''));
  return hmac(key, text).toString('hex') === signature;
}
