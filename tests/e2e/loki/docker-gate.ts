import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { allowed } from '../../support/observability-compose.js';

/** Docker's socket behind the rules of compose's socket proxy, whose image cannot be had everywhere. */
export class DockerGate implements AsyncDisposable {
  readonly refused: string[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, refused: string[]) {
    this.#server = server;
    this.refused = refused;
    this.url = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<DockerGate> {
    const refused: string[] = [];
    const server = createServer((req, res) => {
      const { method = '', url = '', headers } = req;
      if (!allowed(method).test(new URL(url, 'http://docker').pathname)) {
        refused.push(`${method} ${url}`);
        res.writeHead(403).end();
        return;
      }
      const forward = request({ socketPath: '/var/run/docker.sock', method, path: url, headers }, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        res.flushHeaders();
        answer.pipe(res);
      });
      forward.on('error', () => res.destroy());
      res.on('close', () => forward.destroy());
      req.pipe(forward);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new DockerGate(server, refused);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
