import type { Service } from '../../src/config/service-schema.ts';

type Schema = Readonly<Record<string, unknown>>;

export interface ListedTool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: Schema;
  readonly outputSchema?: Schema | undefined;
  readonly annotations?: Readonly<Record<string, unknown>> | undefined;
}

/** What stands between the part that differs from run to run and the part whose freshness is checked. */
const MARK = '<!-- tools -->';

export interface ApiPage {
  readonly name: string;
  readonly service: Service;
  readonly tools: readonly ListedTool[];
  /** What the service's example answered. */
  readonly example: { readonly tool: string; readonly args: unknown; readonly output: string } | undefined;
}

/** docs/api/<name>.md */
export function apiPage({ name, service, tools, example }: ApiPage): string {
  const port = service.container === undefined ? '' : `, in the compose file at <http://127.0.0.1:${service.container.port}/sse>`;
  const note = service.example?.note === undefined ? [] : [service.example.note, ''];
  const shown = example === undefined ? [] : ['## Example', '', ...note, callOf(name, example), '', fenced('text', example.output), ''];
  return [
    `# ${service.title}`,
    '',
    `<!-- Written by scripts/api-pages.ts from the service's own list of tools. Do not edit; run \`npm run docs:api\`. -->`,
    '',
    `${service.description} Its settings: [services.md](../services.md#${name}). Served by \`hearth wrap --service ${name}\`${port}.`,
    '',
    ...shown,
    MARK,
    toolsPart(tools),
  ].join('\n');
}

/** The page of a service whose program could not be had where pages are made. */
export function emptyPage(name: string, service: Service): string {
  return [
    `# ${service.title}`,
    '',
    `${service.description} Its settings: [services.md](../services.md#${name}).`,
    '',
    'Its list of tools has not been read yet, since its program could not be had where these pages are made. Where it runs,',
    `\`npm run docs:api -- ${name}=URL\` writes this page.`,
    '',
  ].join('\n');
}

/** The part of a page that says the same for the same tools. */
export function checkedPart(page: string): string {
  return page.slice(page.indexOf(MARK));
}

function callOf(name: string, { tool, args }: { tool: string; args: unknown }): string {
  return fenced('sh', `hearth call http://127.0.0.1:8080 ${tool} '${JSON.stringify(args)}'   # with hearth wrap --service ${name}`);
}

function toolsPart(tools: readonly ListedTool[]): string {
  return `## ${tools.length} tool${tools.length === 1 ? '' : 's'}\n\n${tools.map(section).join('\n')}`;
}

function section({ name, description = '', inputSchema, outputSchema, annotations = {} }: ListedTool): string {
  const hints = [
    ...(annotations.readOnlyHint === true ? ['reads only'] : []),
    ...(annotations.destructiveHint === true && annotations.readOnlyHint !== true ? ['may destroy'] : []),
    ...(annotations.idempotentHint === true && annotations.readOnlyHint !== true ? ['repeatable'] : []),
    ...(outputSchema === undefined ? [] : ['structured output']),
  ].join(', ');
  return [`### ${name}`, '', description.trim(), '', ...(hints === '' ? [] : [`*${hints}*`, '']), ...argumentsOf(inputSchema)].join('\n');
}

function argumentsOf({ properties, required }: Schema): string[] {
  const entries = Object.entries((properties ?? {}) as Record<string, Schema>);
  if (entries.length === 0) return [];
  const needed = new Set(Array.isArray(required) ? (required as string[]) : []);
  const rows = entries.map(
    ([name, schema]) => `| \`${name}\` | ${typeOf(schema)} | ${needed.has(name) ? 'yes' : ''} | ${cell(schema.description)} |`,
  );
  return ['| argument | type | needed | |', '|---|---|---|---|', ...rows, ''];
}

function typeOf(schema: Schema): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  const options = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;
  if (options) return options.map(typeOf).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf((schema.items ?? {}) as Schema)}`;
  return Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'any');
}

function cell(text: unknown): string {
  return typeof text === 'string' ? text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ') : '';
}

/** In a fence that the text itself cannot end. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}
