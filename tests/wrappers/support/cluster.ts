import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../../scripts/lib/free-port.js';
import { until } from '../../support/app.js';

export const PASSWORD = 'secret-of-the-cluster';

/** Where PostgreSQL's programs are: on the PATH, or where Debian puts them. */
function findBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : [];
  return [...(process.env.PATH ?? '').split(delimiter), ...versions].find((folder) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))),
  );
}

/** PostgreSQL refuses to run as root; root runs it as somebody else. */
function otherUser(): { uid: number; gid: number } | undefined {
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : undefined;
}

const BINARIES = findBinaries();

/** Why tests with PostgreSQL are skipped; empty when they are not. */
export const noPostgres = BINARIES === undefined ? ' (skipped: PostgreSQL is not installed; apt-get install postgresql)' : '';

/** A PostgreSQL server of the test's own, in a temporary folder, on a free port. Dispose it with `await using`. */
export class Cluster implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hearth-pg-'));
  readonly #user = otherUser();
  #port = 0;
  #server: ChildProcess | undefined;

  static async start(): Promise<Cluster> {
    const cluster = new Cluster();
    cluster.#initialise();
    cluster.#port = await freePort();
    await cluster.start();
    return cluster;
  }

  url(database = 'postgres', password = PASSWORD): string {
    return `postgres://hearth:${password}@127.0.0.1:${this.#port}/${database}`;
  }

  /** Makes an empty database. @returns its URL */
  async database(name: string): Promise<string> {
    await this.run(`create database ${pg.escapeIdentifier(name)}`);
    return this.url(name);
  }

  async run(sql: string, url = this.url()): Promise<unknown[]> {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async start(): Promise<void> {
    const args = ['-D', join(this.#folder, 'data'), '-k', this.#folder, '-p', String(this.#port), '-c', 'listen_addresses=127.0.0.1'];
    this.#server = spawn(join(BINARIES ?? '', 'postgres'), args, { ...this.#user, cwd: this.#folder, stdio: 'ignore' });
    await until(() => this.run('select 1').then(Boolean, () => false), 20_000);
  }

  /** As an administrator would: connections are cut, nothing is lost. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGINT');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #initialise(): void {
    const data = join(this.#folder, 'data');
    const passwordFile = join(this.#folder, 'password');
    writeFileSync(passwordFile, PASSWORD);
    mkdirSync(data);
    chmodSync(this.#folder, 0o700);
    if (this.#user !== undefined) for (const path of [this.#folder, data, passwordFile]) chownSync(path, this.#user.uid, this.#user.gid);
    const args = ['-D', data, '-U', 'hearth', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--locale=C', '--no-instructions'];
    execFileSync(join(BINARIES ?? '', 'initdb'), args, { ...this.#user, cwd: this.#folder, stdio: 'pipe' });
  }
}
