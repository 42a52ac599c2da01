import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { HearthError, reasonOf } from '../errors.js';

export interface RemoteOptions {
  readonly url: URL;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Certificate authorities in PEM, in place of the system's. */
  readonly ca: string | undefined;
  /** Longest wait for a connection, in milliseconds. */
  readonly connectTimeout: number;
  /** Largest message, in bytes. */
  readonly maxMessage: number;
}

export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/**
 * Node takes its own listener off a socket a moment before an answer ends, and destroys the socket with an error if the request is given
 * up in that moment: without another listener that would end the process. Whoever made the request hears of it in any case.
 */
const heardElsewhere = (): void => {};

/** HTTP to one remote server. Node's own client, since fetch ends streams that are silent for five minutes. */
export class RemoteHttp {
  readonly #agent: PlainAgent | TlsAgent;

  constructor(private readonly options: RemoteOptions) {
    const { url, ca } = options;
    this.#agent =
      url.protocol === 'https:' ? new TlsAgent({ keepAlive: true, ...(ca !== undefined && { ca }) }) : new PlainAgent({ keepAlive: true });
  }

  /** @returns the response as soon as its headers are there @throws HearthError `child_exited` when nobody listens there, `unavailable` when it fails otherwise */
  send({ method, url, headers, body, signal }: Outgoing): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
      const fail = (error: NodeJS.ErrnoException): void => {
        const code = error.code === 'ECONNREFUSED' ? 'child_exited' : 'unavailable';
        reject(new HearthError(code, `cannot reach ${url.origin}: ${reasonOf(error)}`));
      };
      const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
      const request = send(url, { method, headers: { ...this.options.headers, ...headers, ...length }, agent: this.#agent, signal }, resolve);
      request.on('error', fail);
      request.once('socket', (socket) => {
        if (!socket.listeners('error').includes(heardElsewhere)) socket.on('error', heardElsewhere); // a socket is used many times
        const timer = setTimeout(() => request.destroy(new Error('connection attempt timed out')), this.options.connectTimeout);
        const connected = (): void => clearTimeout(timer);
        if (socket.connecting) socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected).once('close', connected);
        else connected();
      });
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The whole body as text, up to the limit. @throws HearthError `too_large` */
export async function textOf(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      response.destroy();
      throw new HearthError('too_large', `the answer is larger than the limit of ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
