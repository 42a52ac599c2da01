import { readFileSync } from 'node:fs';
import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { reasonOf } from '../errors.js';
import { isObject, type JsonObject } from '../protocol/message.js';
import { coerceTexts } from './coerce.js';
import { expand, type Sources, UnresolvedVariable } from './expand.js';
import { fromForeign } from './foreign.js';
import { ConfigError, type ConfigIssue, explain } from './issues.js';
import { type Config, configSchema } from './schema.js';
import { findService, withService } from './services.js';

export interface LoadedConfig {
  readonly config: Config;
  /** Things to tell the user that are not errors. */
  readonly notes: readonly string[];
}

type Path = readonly PropertyKey[];

/** Config that refers to no secrets. @throws ConfigError if the file cannot be read or used */
export function loadConfigFile(file: string, env: NodeJS.ProcessEnv): LoadedConfig {
  return parseConfig(readConfigFile(file), file, env);
}

/** @throws ConfigError if the file cannot be read */
export function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(file, [{ line: undefined, column: undefined, key: '', message: `cannot be read: ${reasonOf(error)}` }]);
  }
}

/**
 * Parses YAML or JSON and validates it.
 * @param file    name for messages
 * @param secrets where `${secret:NAME}` comes from, and who hears of the secrets
 * @throws ConfigError with every issue found, each with its line and column
 */
export function parseConfig(text: string, file: string, env: NodeJS.ProcessEnv, secrets: Omit<Sources, 'env'> = {}): LoadedConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(
      file,
      document.errors.map(({ pos, message }) => ({ ...place(lines, pos[0]), key: '', message })),
    );
  }
  const locate = (path: Path): Pick<ConfigIssue, 'line' | 'column'> => place(lines, offsetOf(document, path));
  const raw = plainValue(document, (message) => new ConfigError(file, [{ ...locate([]), key: '', message }]));
  if (!isObject(raw)) throw new ConfigError(file, [{ ...locate([]), key: '', message: 'must be a mapping with the key "servers"' }]);
  const issues: ConfigIssue[] = [];
  const fromVariables = new Set<string>();
  const expander: Expander = {
    sources: { ...secrets, env },
    expanded: fromVariables,
    report: (path, message) => issues.push({ ...locate(path), key: path.join('.'), message }),
  };
  const expanded = expandAll(raw, [], expander) as JsonObject;
  const { body, renamed } = fromForeign(expanded);
  addServices(body, expander);
  let result = configSchema.safeParse(body, { reportInput: true });
  if (!result.success && coerceTexts(body, result.error.issues, fromVariables)) result = configSchema.safeParse(body, { reportInput: true });
  const origin = isObject(raw.mcpServers) ? 'mcpServers' : 'servers';
  const asWritten = new Map<PropertyKey, string>(renamed.map(([from, to]) => [to, from]));
  if (!result.success) {
    for (const issue of result.error.issues) {
      const [first, second, ...rest] = issue.path;
      const path = first === 'servers' ? [origin, ...(second === undefined ? [] : [asWritten.get(second) ?? second]), ...rest] : issue.path;
      const at = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] as string] : path;
      issues.push({ ...locate(at), key: path.join('.'), message: explain(issue, keysAt(issue.path)) });
    }
  }
  if (issues.length > 0 || !result.success) throw new ConfigError(file, issues);
  return { config: result.data, notes: renamed.map(([from, to]) => `server "${from}" is called "${to}" here: its name has to fit into URLs`) };
}

/** The document as plain values. Aliases are resolved only here, and may be unknown or too many. */
function plainValue(document: Document, failed: (message: string) => ConfigError): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw failed(reasonOf(error));
  }
}

interface Expander {
  readonly sources: Sources;
  /** Texts that variables have changed. */
  readonly expanded: Set<string>;
  report(path: Path, message: string): void;
}

/** Replaces variables in every text; what cannot be resolved is reported and stays as it is. */
function expandAll(value: unknown, path: Path, expander: Expander): unknown {
  if (Array.isArray(value)) return value.map((entry, index) => expandAll(entry, [...path, index], expander));
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, expandAll(entry, [...path, key], expander)]));
  }
  if (typeof value !== 'string') return value;
  // Where secrets are cannot itself be one of them.
  const sources = path[0] === 'secrets' ? { env: expander.sources.env } : expander.sources;
  const text =
    withVariables(
      () => expand(value, sources),
      (message) => expander.report(path, message),
    ) ?? value;
  if (text !== value) expander.expanded.add(text);
  return text;
}

/** Fills in what servers leave to the service that they name. */
function addServices({ servers }: JsonObject, { sources, report }: Expander): void {
  if (!isObject(servers)) return;
  for (const [name, entry] of Object.entries(servers)) {
    if (!isObject(entry) || typeof entry.service !== 'string') continue;
    const service = findService(entry.service);
    if ('problem' in service) report(['servers', name, 'service'], service.problem);
    else
      servers[name] =
        withVariables(
          () => withService(entry, service, sources),
          (message) => report(['servers', name], message),
        ) ?? entry;
  }
}

function withVariables<T>(make: () => T, report: (message: string) => void): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof UnresolvedVariable)) throw error;
    report(error.message);
    return undefined;
  }
}

/** Where a path stands in the file: the key's own position where there is one, else the nearest parent's. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true) ?? document.contents;
    const last = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => String(key) === String(last));
      if (pair && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return isNode(document.contents) && document.contents.range ? document.contents.range[0] : 0;
}

function place(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Keys that are allowed at a path of the config. */
function keysAt(path: Path): string[] {
  let schema: z.ZodType = configSchema;
  for (const key of path) {
    const inner = unwrap(schema);
    if (inner instanceof z.ZodObject) schema = inner.shape[String(key)] as z.ZodType;
    else if (inner instanceof z.ZodRecord) schema = inner.valueType as z.ZodType;
  }
  const inner = unwrap(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
    ? unwrap(schema.def.innerType as z.ZodType)
    : schema;
}
