import { z } from 'zod';
import { messageOf, ToolFault } from '../shared/faults.js';
import { Metrics, parseExposition } from './exposition.js';
import type { Requests } from './requests.js';
import type { HearthService } from './settings.js';

/** What of `/status` is used here; anything else in it is let through, anything missing is no reason to fail. */
const childSchema = z.looseObject({
  state: z.string().catch('unknown'),
  restarts: z.number().catch(0),
  error: z.string().optional().catch(undefined),
});
const serverSchema = z.looseObject({
  name: z.string().catch('?'),
  ready: z.boolean().catch(false),
  tools: z.number().catch(0),
  children: z.array(childSchema).catch([]),
});
const statusSchema = z.looseObject({
  version: z.string().catch('?'),
  uptimeSeconds: z.number().catch(0),
  draining: z.boolean().catch(false),
  sessions: z
    .looseObject({
      active: z.number().catch(0),
      byTransport: z.record(z.string(), z.number()).catch({}),
      oldestIdleSeconds: z.number().catch(0),
    })
    .catch({ active: 0, byTransport: {}, oldestIdleSeconds: 0 }),
  servers: z.array(serverSchema).catch([]),
});
const readySchema = z.looseObject({ reasons: z.array(z.string()).catch([]) });

export type Status = z.output<typeof statusSchema>;

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** What can be asked of one hearth. */
export class HearthReader {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** Never fails: a service that does not answer is not ready, and the reason says so. */
  async readiness(service: HearthService): Promise<Readiness & { reachable: boolean }> {
    try {
      const { status, body } = await this.#requests.get(service, '/health/ready');
      if (status !== 200 && status !== 503) throw this.#requests.refusal(service, '/health/ready', status, body);
      const { reasons } = readySchema.parse(parse(body));
      return { reachable: true, ready: status === 200, reasons: reasons.map((reason) => this.#requests.clean(reason)) };
    } catch (error) {
      return { reachable: false, ready: false, reasons: [this.#requests.redact(messageOf(error))] };
    }
  }

  async status(service: HearthService): Promise<Status> {
    const parsed = statusSchema.safeParse(await this.#requests.json(service, '/status'));
    if (!parsed.success) throw new ToolFault(`${service.label}/status is not what hearth answers. Is the URL right?`);
    return parsed.data;
  }

  /** The deep check: of a service that is down, too. */
  async health(service: HearthService): Promise<Record<string, unknown>> {
    const health = await this.#requests.json(service, '/health', {}, [200, 503]);
    return z.record(z.string(), z.unknown()).parse(health);
  }

  async metrics(service: HearthService): Promise<Metrics> {
    return new Metrics(parseExposition(await this.#requests.text(service, '/metrics')));
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ToolFault('/health/ready is not what hearth answers. Is the URL right?');
  }
}
