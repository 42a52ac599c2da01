import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { messageOf, ToolFault } from '../shared/faults.js';
import { addTool, READS } from '../shared/tool.js';
import type { MonitoringContext } from './context.js';
import { demultiplex, statsOf, statsOutput, statsSchema } from './docker-data.js';
import { bytes, cut, durationOf, lines } from './format.js';

const MOST_STATS = 20;
const nameSchema = z
  .string()
  .regex(/^[a-zA-Z0-9][\w.-]{0,254}$/)
  .describe('Name or id of a container');
/** Labels that say which service it is; others may hold anything. */
const SHOWN_LABELS = /^(com\.mcp\.|com\.docker\.compose\.(project|service)$)/;

const listedSchema = z.looseObject({
  Id: z.string(),
  Names: z.array(z.string()).catch([]),
  Image: z.string().catch(''),
  State: z.string().catch('unknown'),
  Status: z.string().catch(''),
  Created: z.number().catch(0),
  Labels: z.record(z.string(), z.string()).catch({}),
});

/** Reads through Docker's API; a proxy that lets only reads pass is expected in front of it. */
export function addDockerTools(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'containers', {
    title: 'Containers',
    description: 'Docker containers with state, health and age; stopped ones, too',
    input: z.object({
      state: z.enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']).describe('Only these').optional(),
      name: z.string().max(255).describe('Only those whose name has this part').optional(),
    }),
    output: z.object({
      total: z.number(),
      running: z.number(),
      containers: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          image: z.string(),
          state: z.string(),
          status: z.string(),
          health: z.enum(['healthy', 'unhealthy', 'starting', 'none']),
          created: z.string(),
          labels: z.record(z.string(), z.string()),
        }),
      ),
    }),
    hints: READS,
    run: async ({ state, name = '' }) => {
      const all = (await list(context)).map(shown);
      const containers = all.filter((one) => (state === undefined || one.state === state) && one.name.includes(name));
      const running = all.filter((one) => one.state === 'running').length;
      const rows = containers.map((one) => `${one.name}: ${one.state}, ${one.status} (${one.image})`);
      return { data: { total: all.length, running, containers }, text: lines(rows, 'No such containers.') };
    },
  });
  addStatsTool(server, context);
  addLogsTool(server, context);
}

function addStatsTool(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'container_stats', {
    title: 'Container Stats',
    description: `CPU, memory, processes and network of one container, or of the running ones (at most ${MOST_STATS}); takes about 2 seconds`,
    input: z.object({ container: nameSchema.optional() }),
    output: z.object({
      containers: z.array(statsOutput),
      failures: z.array(z.object({ container: z.string(), error: z.string() })),
      truncated: z.boolean(),
    }),
    hints: READS,
    run: async ({ container }) => {
      const running = container === undefined ? (await list(context)).map(shown).filter(({ state }) => state === 'running') : [];
      const names = container === undefined ? running.map(({ name }) => name) : [container];
      const asked = await Promise.all(names.slice(0, MOST_STATS).map((name) => stats(context, name)));
      const containers = asked.flatMap((one) => ('error' in one ? [] : [one]));
      const failures = asked.flatMap((one) => ('error' in one ? [one] : []));
      if (containers.length === 0 && failures[0] !== undefined) throw new ToolFault(failures[0].error);
      const rows = containers.map(
        (one) => `${one.container}: CPU ${one.cpuPercent} %, memory ${bytes(one.memoryBytes)} (${one.memoryPercent} %), ${one.processes} processes`,
      );
      const missing = failures.map((one) => `${one.container}: ${one.error}`);
      return { data: { containers, failures, truncated: names.length > MOST_STATS }, text: lines([...rows, ...missing], 'No container is running.') };
    },
  });
}

function addLogsTool(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'container_logs', {
    title: 'Container Logs',
    description: 'The last lines that a container wrote to stdout and stderr',
    input: z.object({
      container: nameSchema,
      tail: z.number().int().min(1).max(1_000).describe('So many lines; 100 without it').optional(),
      last: z.string().max(16).describe("Only of this time: '15m'").optional(),
      contains: z.string().max(1_000).describe('Of those lines, only the ones with this text').optional(),
    }),
    output: z.object({ container: z.string(), lines: z.array(z.string()), truncated: z.boolean() }),
    hints: READS,
    run: async ({ container, tail = 100, last, contains = '' }) => {
      const path = `/containers/${container}/logs`;
      const endpoint = context.endpoint('docker');
      const since = last === undefined ? {} : { since: Math.floor(Date.now() / 1000 - durationOf(last)) };
      const { status, body, truncated } = await context.requests.get(endpoint, path, {
        stdout: true,
        stderr: true,
        timestamps: true,
        tail,
        ...since,
      });
      if (status !== 200) throw context.requests.refusal(endpoint, path, status, body);
      const found = context.requests
        .clean(demultiplex(body))
        .split(/\r?\n/)
        .filter((line) => line !== '' && line.includes(contains))
        .map((line) => cut(line));
      return { data: { container, lines: found, truncated }, text: lines(found, 'No lines.') };
    },
  });
}

async function list(context: MonitoringContext): Promise<Array<z.output<typeof listedSchema>>> {
  const endpoint = context.endpoint('docker');
  const parsed = z.array(listedSchema).safeParse(await context.requests.json(endpoint, '/containers/json', { all: true }));
  if (!parsed.success) throw new ToolFault(`${endpoint.label} did not answer as Docker does. Is DOCKER_URL right?`);
  return parsed.data;
}

function shown(one: z.output<typeof listedSchema>) {
  const [, health] = /\((?:health: )?(healthy|unhealthy|starting)\)/.exec(one.Status) ?? [];
  return {
    id: one.Id.slice(0, 12),
    name: (one.Names[0] ?? one.Id.slice(0, 12)).replace(/^\//, ''),
    image: one.Image,
    state: one.State,
    status: one.Status,
    health: (health ?? 'none') as 'healthy' | 'unhealthy' | 'starting' | 'none',
    created: new Date(one.Created * 1000).toISOString(),
    labels: Object.fromEntries(Object.entries(one.Labels).filter(([key]) => SHOWN_LABELS.test(key))),
  };
}

async function stats(context: MonitoringContext, container: string) {
  try {
    const answer = await context.requests.json(context.endpoint('docker'), `/containers/${container}/stats`, { stream: false });
    return statsOf(container, statsSchema.parse(answer));
  } catch (error) {
    return { container, error: messageOf(error) };
  }
}
