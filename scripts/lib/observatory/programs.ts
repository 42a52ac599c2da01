import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pause } from '../load.ts';

const READY_MS = 30_000;

/** A server that is installed here, started for a while and ended by its id. */
export class Program {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /**
   * @param url   where it listens
   * @param ready path that answers 200 when it works
   * @param log   file for what it says
   * @param limit milliseconds that it may take
   */
  static async start(command: string, args: readonly string[], url: string, ready: string, log: string, limit = READY_MS): Promise<Program> {
    const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const file = createWriteStream(log);
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });
    const program = new Program(url, child);
    const deadline = performance.now() + limit;
    let failed: Error | undefined;
    child.once('error', (error) => {
      failed = error;
    });
    while (!(await fetch(url + ready).catch(() => undefined))?.ok) {
      if (failed || child.exitCode !== null || performance.now() > deadline) {
        await program.stop();
        throw new Error(`${command} does not get ready${failed ? `: ${failed.message}` : ''}; see ${log}`);
      }
      await pause(100);
    }
    return program;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

export interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Takes what Alertmanager posts, as the receiver of a homelab would. */
export class Webhook {
  readonly alerts: Alert[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, alerts: Alert[]) {
    this.#server = server;
    this.alerts = alerts;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  static async start(): Promise<Webhook> {
    const alerts: Alert[] = [];
    const server = createServer(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      alerts.push(...(JSON.parse(body) as { alerts: Alert[] }).alerts);
      res.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Webhook(server, alerts);
  }

  /** Whether an alert of this service has arrived as firing. */
  has(alertname: string, service: string): boolean {
    return this.alerts.some(({ status, labels }) => status === 'firing' && labels.alertname === alertname && labels.service === service);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
