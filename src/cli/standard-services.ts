import { resolve } from 'node:path';
import { embeddedConfig, standardServices } from '../config/embedded.js';
import { type LoadedConfig, parseConfig } from '../config/load.js';
import type { ServerConfig } from '../config/schema.js';
import { readService } from '../config/services.js';
import { needsOf } from '../connect.js';
import type { Redactor } from '../telemetry/redactor.js';
import { isInstalled } from './installed.js';

export const EMBEDDED = 'the embedded default';

/** A service that cannot run here as things are. */
export interface LeftOut {
  readonly name: string;
  /** What to do, for people. */
  readonly needs: readonly string[];
}

export interface EmbeddedConfig extends LoadedConfig {
  readonly leftOut: readonly LeftOut[];
}

/** The embedded default: every service that can run here without being configured, and why the others cannot. */
export function embeddedDefault(redactor: Redactor): EmbeddedConfig {
  const services = standardServices();
  const { config } = load(services, redactor);
  const leftOut = services.flatMap((name) => {
    const needs = needsHere(name, config.servers[name] as ServerConfig);
    return needs.length === 0 ? [] : [{ name, needs }];
  });
  for (const { name } of leftOut) delete config.servers[name];
  const left = leftOut.map(({ name }) => name).join(', ');
  const notes = left === '' ? [] : [`left out, for want of a program or of settings: ${left}; "hearth doctor" says what they need`];
  return { config, notes, leftOut };
}

function needsHere(name: string, server: ServerConfig): string[] {
  const program = isInstalled(server.command ?? '') ? [] : [`its program ${server.command} is not installed${hint(readService(name).install)}`];
  const settings = needsOf(server);
  return settings === undefined ? program : [...program, settings];
}

function hint(install: string | undefined): string {
  return install === undefined ? '' : `: ${install}`;
}

function load(services: readonly string[], redactor: Redactor): LoadedConfig {
  const text = JSON.stringify(embeddedConfig(resolve('data'), services));
  return parseConfig(text, EMBEDDED, process.env, { onSecret: (name, value) => void redactor.add(name, value) });
}
