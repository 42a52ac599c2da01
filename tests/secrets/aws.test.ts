import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { AwsSecrets } from '../../src/secrets/aws.js';
import { awsCredentials } from '../../src/secrets/aws-credentials.js';
import { verifies } from '../acceptance/requirements.js';
import { TempFolder } from '../support/temp.js';
import { AWS_ENV, fakeAws } from './fake-aws.js';

const SETTINGS = { region: 'eu-central-1', prefix: 'hearth/', timeout: 2_000 };

describe('AWS Secrets Manager', () => {
  it(verifies(['X.secrets'], 'gives values and names, by signed requests'), async () => {
    await using aws = await fakeAws({ 'hearth/B': 'value-b', 'hearth/A': Buffer.from('value-a'), 'hearth/C': 'c', 'other/D': 'd' });
    const secrets = new AwsSecrets({ ...SETTINGS, endpoint: aws.endpoint }, { ...AWS_ENV, AWS_SESSION_TOKEN: 'session' });
    expect([await secrets.get('A'), await secrets.get('B'), await secrets.get('D')]).toEqual(['value-a', 'value-b', undefined]);
    const list = await secrets.list();
    expect(list.map(({ name }) => name)).toEqual(['A', 'B', 'C']);
    expect(list[0]).toMatchObject({ created: new Date(1_700_000_000_000), updated: new Date(1_700_000_001_500) });
    expect(aws.calls).toEqual(['GetSecretValue', 'GetSecretValue', 'GetSecretValue', 'ListSecrets', 'ListSecrets']);
  });

  it('says what is wrong, and never a value', async () => {
    await using aws = await fakeAws({ 'hearth/A': 'canary-value' });
    const make = (env: NodeJS.ProcessEnv = AWS_ENV, extra: object = {}) => new AwsSecrets({ ...SETTINGS, endpoint: aws.endpoint, ...extra }, env);
    const where = 'AWS Secrets Manager (eu-central-1, hearth/…)';
    await expect(make({ ...AWS_ENV, AWS_SECRET_ACCESS_KEY: 'wrong-canary' }).get('A')).rejects.toThrow(
      new Error(`${where} refused GetSecretValue: HTTP 403, InvalidSignatureException`),
    );
    aws.mode = 'refuse';
    await expect(make().list()).rejects.toThrow(new Error(`${where} refused ListSecrets: HTTP 400, AccessDeniedException`));
    aws.mode = 'garbage';
    await expect(make().get('A')).rejects.toThrow(new Error(`${where} refused GetSecretValue: HTTP 200, no reason given`));
    aws.mode = 'no-value';
    await expect(make().get('A')).rejects.toThrow(new Error(`${where} answered without a value for A`));
    aws.mode = 'hang';
    await expect(make(AWS_ENV, { timeout: 100 }).get('A')).rejects.toThrow(new Error(`${where} cannot be reached: no answer within 100 ms`));
    await expect(make(AWS_ENV, { endpoint: 'http://127.0.0.1:64999/' }).get('A')).rejects.toThrow(/cannot be reached: .*ECONNREFUSED/);
    await expect(make({}).get('A')).rejects.toThrow('there are no AWS credentials: set AWS_ACCESS_KEY_ID');
  });
});

describe('credentials of a role', () => {
  it('come from the task or pod, with its token', async () => {
    const seen: unknown[] = [];
    let answer = '{"AccessKeyId": "a", "SecretAccessKey": "s", "Token": "t"}';
    let status = 200;
    const server = createServer((req, res) => {
      seen.push(req.headers.authorization);
      res.writeHead(status).end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    using folder = new TempFolder();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: folder.write('token', 'from-file\n') };
    expect(await awsCredentials(env)).toEqual({ accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' });
    await awsCredentials({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'plain' });
    await awsCredentials({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url });
    expect(seen).toEqual(['from-file', 'plain', undefined]);
    answer = 'canary';
    await expect(awsCredentials(env)).rejects.toThrow(new Error('the AWS credentials of the role cannot be had: the answer is not JSON'));
    answer = '{}';
    await expect(awsCredentials(env)).rejects.toThrow('the answer has no keys');
    status = 500;
    await expect(awsCredentials(env)).rejects.toThrow('HTTP 500');
    server.close();
  });
});
