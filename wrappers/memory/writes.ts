import type { Queryable } from '../shared/database.js';
import { ToolFault } from '../shared/faults.js';
import { type Entity, firstOfEach, fold, type Relation, relationKey } from './graph.js';

export interface Addition {
  readonly entityName: string;
  readonly contents: readonly string[];
}

/** Stores the entities that are not there yet. @returns those, in the order in which they were given */
export async function createEntities(tx: Queryable, namespace: string, entities: readonly Entity[]): Promise<Entity[]> {
  const wanted = firstOfEach(entities, ({ name }) => name);
  const names = wanted.map(({ name }) => name);
  const types = wanted.map(({ entityType }) => entityType);
  const rows = await tx.query<{ id: string; name: string }>(
    `insert into hearth_memory.entities (namespace, name, type, name_folded, type_folded)
     select $1, name, type, name_folded, type_folded
     from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as given (name, type, name_folded, type_folded, place)
     order by place on conflict (namespace, name) do nothing returning id::text, name`,
    [namespace, names, types, names.map(fold), types.map(fold)],
  );
  const ids = new Map(rows.map(({ id, name }) => [name, id]));
  const created = wanted.filter(({ name }) => ids.has(name));
  await insertObservations(
    tx,
    created.flatMap(({ name, observations }) => observations.map((content) => ({ entityId: ids.get(name) ?? '', content }))),
  );
  return created.map(({ name, entityType, observations }) => ({ name, entityType, observations }));
}

/** Stores the relations that are not there yet. @returns those, in the order in which they were given */
export async function createRelations(tx: Queryable, namespace: string, relations: readonly Relation[]): Promise<Relation[]> {
  const wanted = firstOfEach(relations, relationKey);
  const rows = await tx.query<Relation>(
    `insert into hearth_memory.relations (namespace, source, target, type)
     select $1, source, target, type
     from unnest($2::text[], $3::text[], $4::text[]) with ordinality as given (source, target, type, place)
     order by place on conflict (namespace, source, target, type) do nothing
     returning source as "from", target as "to", type as "relationType"`,
    [namespace, ...columnsOf(wanted)],
  );
  const created = new Set(rows.map(relationKey));
  return wanted.filter((relation) => created.has(relationKey(relation))).map(({ from, to, relationType }) => ({ from, to, relationType }));
}

/** Adds what an entity does not say yet. @throws ToolFault when an entity is unknown; then nothing is added */
export async function addObservations(
  tx: Queryable,
  namespace: string,
  additions: readonly Addition[],
): Promise<Array<{ entityName: string; addedObservations: string[] }>> {
  const names = [...new Set(additions.map(({ entityName }) => entityName))];
  const rows = await tx.query<{ id: string; name: string; contents: string[] }>(
    `select id::text, name, array(select content from hearth_memory.observations where entity_id = entities.id) as contents
     from hearth_memory.entities where namespace = $1 and name = any($2::text[])`,
    [namespace, names],
  );
  const known = new Map(rows.map(({ id, name, contents }) => [name, { id, contents: new Set(contents) }]));
  const inserts: Array<{ entityId: string; content: string }> = [];
  const results = additions.map(({ entityName, contents }) => {
    const entity = known.get(entityName);
    if (entity === undefined) throw new ToolFault(`Entity with name ${entityName} not found`);
    const added = contents.filter((content) => !entity.contents.has(content));
    for (const content of added) {
      entity.contents.add(content);
      inserts.push({ entityId: entity.id, content });
    }
    return { entityName, addedObservations: added };
  });
  await insertObservations(tx, inserts);
  await touch(
    tx,
    inserts.map(({ entityId }) => entityId),
  );
  return results;
}

/** Removes entities and every relation from or to them. Unknown names are no error. */
export async function deleteEntities(tx: Queryable, namespace: string, names: readonly string[]): Promise<void> {
  await tx.query('delete from hearth_memory.relations where namespace = $1 and (source = any($2::text[]) or target = any($2::text[]))', [
    namespace,
    names,
  ]);
  await tx.query('delete from hearth_memory.entities where namespace = $1 and name = any($2::text[])', [namespace, names]);
}

export async function deleteObservations(
  tx: Queryable,
  namespace: string,
  deletions: ReadonlyArray<{ entityName: string; observations: readonly string[] }>,
): Promise<void> {
  const pairs = deletions.flatMap(({ entityName, observations }) => observations.map((content) => [entityName, content] as const));
  const rows = await tx.query<{ id: string }>(
    `delete from hearth_memory.observations o
     using hearth_memory.entities e, unnest($2::text[], $3::text[]) as given (name, content)
     where e.namespace = $1 and e.name = given.name and o.entity_id = e.id and o.content = given.content returning e.id::text`,
    [namespace, pairs.map(([name]) => name), pairs.map(([, content]) => content)],
  );
  await touch(
    tx,
    rows.map(({ id }) => id),
  );
}

export async function deleteRelations(tx: Queryable, namespace: string, relations: readonly Relation[]): Promise<void> {
  await tx.query(
    `delete from hearth_memory.relations r using unnest($2::text[], $3::text[], $4::text[]) as given (source, target, type)
     where r.namespace = $1 and r.source = given.source and r.target = given.target and r.type = given.type`,
    [namespace, ...columnsOf(relations)],
  );
}

async function insertObservations(tx: Queryable, rows: ReadonlyArray<{ entityId: string; content: string }>): Promise<void> {
  if (rows.length === 0) return;
  const contents = rows.map(({ content }) => content);
  await tx.query(
    `insert into hearth_memory.observations (entity_id, content, folded)
     select entity_id, content, folded from unnest($1::bigint[], $2::text[], $3::text[]) with ordinality as given (entity_id, content, folded, place)
     order by place`,
    [rows.map(({ entityId }) => entityId), contents, contents.map(fold)],
  );
}

async function touch(tx: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.query('update hearth_memory.entities set updated_at = now() where id = any($1::bigint[])', [[...new Set(ids)]]);
}

function columnsOf(relations: readonly Relation[]): [string[], string[], string[]] {
  return [relations.map(({ from }) => from), relations.map(({ to }) => to), relations.map(({ relationType }) => relationType)];
}
