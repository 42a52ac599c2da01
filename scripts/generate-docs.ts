// Writes the JSON Schemas in config/, docs/config.md and docs/services.md from the schemas and the services. It reads the
// built code, so run `npm run build` first. With --check it writes nothing and fails when a file is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

// Node finds no `.js` beside the sources, so the code comes from dist and only the types from src.
const built = new URL('../dist/config/', import.meta.url).href;
const { configSchema } = (await import(`${built}schema.js`)) as typeof import('../src/config/schema.js');
const { duration, size } = (await import(`${built}units.js`)) as typeof import('../src/config/units.js');

const MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
const BYTES = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 };

interface Key {
  readonly schema: z.ZodType;
  readonly fallback: unknown;
}

/** Without default, optional and pipe; what `default` said is kept. */
function unwrap(schema: z.ZodType, fallback?: unknown): Key {
  if (schema instanceof z.ZodDefault) return unwrap(schema.def.innerType as z.ZodType, schema.def.defaultValue);
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return unwrap(schema.def.innerType as z.ZodType, fallback);
  if (schema instanceof z.ZodPipe && !isUnit(schema)) return unwrap(schema.def.in as z.ZodType, fallback);
  return { schema, fallback };
}

function isUnit(schema: z.ZodType): boolean {
  return schema === duration || schema === size;
}

function typeOf(schema: z.ZodType): string {
  if (schema === duration) return 'duration';
  if (schema === size) return 'size';
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``).join(', ');
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((value) => `\`${value}\``).join(', ');
  if (schema instanceof z.ZodArray) return `list of ${listed(schema.element as z.ZodType)}`;
  if (schema instanceof z.ZodRecord) return schema.valueType instanceof z.ZodUnknown ? 'mapping' : 'mapping of text to text';
  if (schema instanceof z.ZodBoolean) return '`true`, `false`';
  if (schema instanceof z.ZodNumber) return `whole number${range(schema)}`;
  return 'text';
}

function listed(element: z.ZodType): string {
  return element instanceof z.ZodEnum ? typeOf(element) : 'texts';
}

function range({ minValue, maxValue }: z.ZodNumber): string {
  const isBounded = maxValue !== null && maxValue < Number.MAX_SAFE_INTEGER;
  return `, ${minValue}${isBounded ? ` to ${maxValue}` : ' or more'}`;
}

function shown({ schema, fallback }: Key): string {
  if (fallback === undefined) return '';
  if (schema === duration) return `\`${inUnits(fallback as number, MS, 'ms')}\``;
  if (schema === size) return `\`${inUnits(fallback as number, BYTES, 'B')}\``;
  if (Array.isArray(fallback) && fallback.length > 0) return fallback.map((value) => `\`${value}\``).join(', ');
  return typeof fallback === 'object' ? 'empty' : `\`${fallback}\``;
}

/** In the largest unit that leaves a whole number. */
function inUnits(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  const unit = Object.entries(units).find(([, factor]) => value > 0 && value % factor === 0);
  return unit ? `${value / unit[1]}${unit[0]}` : `${value}${smallest}`;
}

function rows(schema: z.ZodType, path: string): string[] {
  const key = unwrap(schema);
  if (key.schema instanceof z.ZodObject) {
    return Object.entries(key.schema.shape).flatMap(([name, inner]) => rows(inner as z.ZodType, path ? `${path}.${name}` : name));
  }
  if (key.schema instanceof z.ZodRecord && unwrap(key.schema.valueType as z.ZodType).schema instanceof z.ZodObject) {
    return rows(key.schema.valueType as z.ZodType, `${path}.<name>`);
  }
  const fallback = shown(key) || (schema.safeParse(undefined).success ? '' : 'required');
  return [`| \`${path}\` | ${typeOf(key.schema)} | ${fallback} | ${schema.description ?? ''} |`];
}

const PREAMBLE = `# Configuration

<!-- Written by scripts/generate-docs.ts from src/config/schema.ts. Do not edit; run \`npm run docs\`. -->

A config is YAML or JSON. Unknown keys are errors. \`hearth check -c FILE\` names every mistake with its line and column.

- A duration is \`30s\`, \`5m\`, \`1h\`, or a number of milliseconds. A size is \`64MiB\`, \`10MB\`, or a number of bytes.
- \`\${NAME}\` in any text is replaced by the environment, \`\${NAME:-default}\` falls back, and \`NAME_FILE\` names a file with the value.
  Durations and sizes may come from variables; other numbers and switches may not.
- \`\${secret:NAME}\` is replaced by a secret from a store or from Docker's mounts: see [secrets.md](secrets.md).
- \`mcpServers\` of Claude and Cursor, and \`servers\` beside \`inputs\` of VS Code, are read as they are (stdio servers).
- [config/hearth.schema.json](../config/hearth.schema.json) is the JSON Schema;
  [config/hearth.example.yaml](../config/hearth.example.yaml) is a commented example.

| key | value | default | meaning |
|---|---|---|---|
`;

const { serviceSchema } = (await import(`${built}service-schema.js`)) as typeof import('../src/config/service-schema.js');
const { readService, serviceNames } = (await import(`${built}services.js`)) as typeof import('../src/config/services.js');
const { servicesPage } = await import('./lib/services-page.ts');

const { containerServers } = (await import(
  new URL('../dist/litellm/containers.js', import.meta.url).href
)) as typeof import('../src/litellm/containers.js');
const { litellmConfig } = (await import(new URL('../dist/litellm/generate.js', import.meta.url).href)) as typeof import('../src/litellm/generate.js');
const litellm = { transport: 'sse', era: undefined, requestTimeout: 600_000, keyVariable: undefined } as const;

const files = {
  'config/litellm.yaml': litellmConfig(containerServers(litellm.transport), litellm),
  'config/hearth.schema.json': `${JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' }), null, 2)}\n`,
  'config/service.schema.json': `${JSON.stringify(z.toJSONSchema(serviceSchema, { io: 'input' }), null, 2)}\n`,
  'docs/services.md': servicesPage(serviceNames().map((name) => ({ name, service: readService(name) }))),
  'docs/config.md': `${PREAMBLE}${rows(configSchema, '').join('\n')}\n`,
};

const isStale = (name: string, text: string): boolean => !existsSync(name) || readFileSync(name, 'utf8') !== text;
const stale = Object.entries(files).filter(([name, text]) => isStale(name, text));
if (process.argv.includes('--check')) {
  for (const [name] of stale) console.error(`${name} is stale; run: npm run build && npm run docs`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const [name, text] of stale) writeFileSync(name, text);
}
