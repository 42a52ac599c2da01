import { delimiter } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { officialClients } from '../../scripts/lib/matrix/official.ts';
import { pythonClients } from '../../scripts/lib/matrix/python.ts';
import {
  CHILDREN,
  listDirectly,
  type MatrixClient,
  revisionOf,
  TARGETS,
  type TargetName,
  TRANSPORTS,
  visit,
} from '../../scripts/lib/matrix/subject.ts';
import { type RunningApp, startApp, untilReady } from '../support/app.js';
import { verifies } from './requirements.js';

/** Interpreters of environments with `mcp`; scripts/python-clients.ts makes some. */
const PYTHONS = (process.env.HEARTH_PYTHON ?? '').split(delimiter).filter(Boolean);
const pythons = (await Promise.all(PYTHONS.map(pythonClients))).flat();

let hearth: RunningApp;
let tools: Record<TargetName, readonly string[]>;

beforeAll(async () => {
  [hearth, tools] = await Promise.all([startApp({ servers: CHILDREN }), listDirectly()]);
  await untilReady(hearth.url);
});
afterAll(() => hearth[Symbol.asyncDispose]());

/** Every way to every child for each client. */
function visits(clients: readonly MatrixClient[]) {
  return clients.flatMap((client) =>
    TRANSPORTS.flatMap((transport) =>
      TARGETS.map((target) => {
        const name = `${client.name} ${client.version}, ${client.era}, over ${transport}: ${target}`;
        return {
          name,
          revision: revisionOf(client, transport),
          go: () => visit(client, { hearth: hearth.url, target, transport, tools: tools[target] }),
        };
      }),
    ),
  );
}

describe('a client lists, calls and answers', () => {
  it.each(visits(officialClients()))(verifies(['W8.clients', 'W8.client'], '$name'), async ({ revision, go }) => {
    expect(await go()).toBe(revision);
  });

  it.each(visits(pythons))(
    verifies(['W8.clients'], '$name'),
    async ({ revision, go }) => {
      expect(await go()).toBe(revision);
    },
    60_000,
  );

  it.skipIf(pythons.length > 0)('Python, of each release in HEARTH_PYTHON', ({ skip }) => {
    skip('HEARTH_PYTHON names no interpreter with mcp installed; scripts/python-clients.ts makes some');
  });
});
