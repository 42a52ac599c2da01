import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Queryable } from '../shared/database.js';
import { ToolFault } from '../shared/faults.js';
import { SCHEMA_VERSION } from './migrations.js';
import { idsOf } from './reads.js';
import type { Store } from './store.js';
import { createEntities, deleteEntities } from './writes.js';

/** No client's namespace is longer than 200 characters, so none can be this one. */
const PROBE_NAMESPACE = `hearth-probe-${'-'.repeat(200)}`;

export const healthOutput = z.object({
  status: z.literal('ok'),
  database: z.enum(['postgres', 'pglite']),
  version: z.string(),
  schemaVersion: z.number(),
  trigrams: z.boolean().describe('Whether ranked search finds near spellings (pg_trgm)'),
  namespace: z.string(),
  entities: z.number(),
  relations: z.number(),
  probeMs: z.number().describe('How long the probe took to be written, read and deleted'),
  connections: z.object({ total: z.number(), idle: z.number(), waiting: z.number() }),
});

/** Writes, reads and deletes an entity as a client would. @throws what went wrong: there is no result "not ok" */
export async function checkHealth(store: Store, namespace: string): Promise<z.infer<typeof healthOutput>> {
  let start = 0;
  await store.write(PROBE_NAMESPACE, async (tx) => {
    // From here: neither the start of the database nor other writers count.
    start = performance.now();
    await probe(tx);
  });
  const probeMs = Math.round((performance.now() - start) * 10) / 10;
  return store.read(async (database) => {
    const [row] = await database.query<{ version: string; entities: number; relations: number }>(
      `select current_setting('server_version') as version,
         (select count(*)::float8 from hearth_memory.entities where namespace = $1) as entities,
         (select count(*)::float8 from hearth_memory.relations where namespace = $1) as relations`,
      [namespace],
    );
    return {
      status: 'ok' as const,
      database: database.kind,
      version: row?.version ?? '',
      schemaVersion: SCHEMA_VERSION,
      trigrams: store.trigrams !== undefined,
      namespace,
      entities: row?.entities ?? 0,
      relations: row?.relations ?? 0,
      probeMs,
      connections: { ...database.connections },
    };
  });
}

async function probe(tx: Queryable): Promise<void> {
  const name = `probe ${randomUUID()}`;
  await createEntities(tx, PROBE_NAMESPACE, [{ name, entityType: 'probe', observations: ['is there'] }]);
  const found = await idsOf(tx, PROBE_NAMESPACE, [name]);
  await deleteEntities(tx, PROBE_NAMESPACE, [name]);
  if (found.length !== 1) throw new ToolFault('A probe entity was written but not found: the database does not keep what it is given.');
}
