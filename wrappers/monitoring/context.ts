import { messageOf, ToolFault } from '../shared/faults.js';
import type { Metrics } from './exposition.js';
import { HearthReader } from './hearth.js';
import { Requests } from './requests.js';
import type { Endpoint, HearthService, Settings } from './settings.js';

export interface Baseline {
  readonly at: string;
  readonly metrics: Metrics;
}

export type Backend = 'prometheus' | 'loki' | 'alertmanager' | 'docker';

export const VARIABLES: Readonly<Record<Backend | 'services' | 'prices', string>> = {
  services: 'HEARTH_URLS',
  prometheus: 'PROMETHEUS_URL',
  loki: 'LOKI_URL',
  alertmanager: 'ALERTMANAGER_URL',
  docker: 'DOCKER_URL',
  prices: 'PRICES',
};

/** Something of one service, or why it could not be had. */
export type PerService<T> = { readonly service: HearthService } & ({ readonly value: T; readonly error: null } | { readonly error: string });

/** What the tools work with. */
export class MonitoringContext {
  readonly requests: Requests;
  readonly hearth: HearthReader;
  /** By service: what reset_statistics took down. */
  readonly baselines = new Map<string, Baseline>();

  constructor(readonly settings: Settings) {
    this.requests = new Requests(settings);
    this.hearth = new HearthReader(this.requests);
  }

  /** @throws ToolFault that names the variable when it is not set */
  endpoint(backend: Backend): Endpoint {
    const found = this.settings[backend];
    if (found === undefined) throw notConfigured(VARIABLES[backend]);
    return found;
  }

  /** @throws ToolFault when there are none, or none of that name */
  services(name?: string): readonly HearthService[] {
    const { services } = this.settings;
    if (services.length === 0) throw notConfigured(VARIABLES.services);
    if (name === undefined) return services;
    const found = services.find((service) => service.name === name);
    if (found === undefined) throw new ToolFault(`There is no service ${name}. There are: ${services.map((service) => service.name).join(', ')}.`);
    return [found];
  }

  /** Asks all services at once; one that fails does not hide the others. */
  async each<T>(services: readonly HearthService[], ask: (service: HearthService) => Promise<T>): Promise<Array<PerService<T>>> {
    return Promise.all(
      services.map(async (service) => {
        try {
          return { service, value: await ask(service), error: null };
        } catch (error) {
          return { service, error: this.requests.redact(messageOf(error)) };
        }
      }),
    );
  }
}

export function notConfigured(variable: string): ToolFault {
  return new ToolFault(`Not configured: ${variable} is not set on this server. monitoring_health lists what is there and what is missing.`);
}
