import type { Queryable } from '../shared/database.js';
import { ToolFault } from '../shared/faults.js';
import type { Entity, KnowledgeGraph, Relation } from './graph.js';

interface Shape {
  readonly timestamps: boolean;
}

const TIME = (column: string): string => `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Table aliases are `e` and `r`. The words are the reference's, in its order of keys. */
function entityJson({ timestamps }: Shape): string {
  const times = timestamps ? `, 'createdAt', ${TIME('e.created_at')}, 'updatedAt', ${TIME('e.updated_at')}` : '';
  const observations = `(select coalesce(json_agg(o.content order by o.id), '[]'::json) from hearth_memory.observations o where o.entity_id = e.id)`;
  return `json_build_object('name', e.name, 'entityType', e.type, 'observations', ${observations}${times})`;
}

function relationJson({ timestamps }: Shape): string {
  const times = timestamps ? `, 'createdAt', ${TIME('r.created_at')}` : '';
  return `json_build_object('from', r.source, 'to', r.target, 'relationType', r.type${times})`;
}

/** The whole graph, in the order in which it came. One statement, so one moment. */
export async function readGraph(database: Queryable, namespace: string, shape: Shape): Promise<KnowledgeGraph> {
  const [row] = await database.query<{ entities: Entity[]; relations: Relation[] }>(
    `select
       (select coalesce(json_agg(${entityJson(shape)} order by e.id), '[]'::json) from hearth_memory.entities e where e.namespace = $1) as entities,
       (select coalesce(json_agg(${relationJson(shape)} order by r.id), '[]'::json) from hearth_memory.relations r where r.namespace = $1) as relations`,
    [namespace],
  );
  return { entities: row?.entities ?? [], relations: row?.relations ?? [] };
}

/** The named entities, in the order in which they were stored or, with `ranked`, in the order given. */
export async function openEntities(
  database: Queryable,
  namespace: string,
  ids: readonly string[],
  shape: Shape,
  ranked = false,
): Promise<KnowledgeGraph> {
  const order = ranked ? 'array_position($2::bigint[], e.id)' : 'e.id';
  const [row] = await database.query<{ entities: Entity[]; relations: Relation[] }>(
    `with found as (select * from hearth_memory.entities where namespace = $1 and id = any($2::bigint[]))
     select
       (select coalesce(json_agg(${entityJson(shape)} order by ${order}), '[]'::json) from found e) as entities,
       (select coalesce(json_agg(${relationJson(shape)} order by r.id), '[]'::json) from hearth_memory.relations r
        where r.namespace = $1 and (r.source in (select name from found) or r.target in (select name from found))) as relations`,
    [namespace, ids],
  );
  return { entities: row?.entities ?? [], relations: row?.relations ?? [] };
}

export async function idsOf(database: Queryable, namespace: string, names: readonly string[]): Promise<string[]> {
  const rows = await database.query<{ id: string }>('select id::text from hearth_memory.entities where namespace = $1 and name = any($2::text[])', [
    namespace,
    names,
  ]);
  return rows.map(({ id }) => id);
}

/** One page: entities first, then relations, each in the order in which they came. */
export async function readPage(
  database: Queryable,
  namespace: string,
  limit: number,
  cursor: string | undefined,
  shape: Shape,
): Promise<KnowledgeGraph> {
  const { part, after } = parseCursor(cursor);
  const entities = part === 'e' ? await page<Entity>(database, 'entities e', 'e', entityJson(shape), namespace, after, limit + 1) : [];
  if (entities.length > limit) return { entities: items(entities, limit), relations: [], nextCursor: cursorAfter('e', entities[limit - 1]) };
  const room = limit - entities.length;
  const relations = await page<Relation>(database, 'relations r', 'r', relationJson(shape), namespace, part === 'r' ? after : '0', room + 1);
  const graph = { entities: items(entities, limit), relations: items(relations, room) };
  if (relations.length <= room) return graph;
  return { ...graph, nextCursor: room === 0 ? cursorAfter('r', undefined) : cursorAfter('r', relations[room - 1]) };
}

interface PageRow<T> {
  readonly id: string;
  readonly item: T;
}

function page<T>(
  database: Queryable,
  from: string,
  alias: string,
  json: string,
  namespace: string,
  after: string,
  limit: number,
): Promise<Array<PageRow<T>>> {
  return database.query<PageRow<T>>(
    `select ${alias}.id::text as id, ${json} as item from hearth_memory.${from}
     where ${alias}.namespace = $1 and ${alias}.id > $2::bigint order by ${alias}.id limit $3`,
    [namespace, after, limit],
  );
}

function items<T>(rows: ReadonlyArray<PageRow<T>>, limit: number): T[] {
  return rows.slice(0, limit).map(({ item }) => item);
}

function cursorAfter(part: 'e' | 'r', row: PageRow<unknown> | undefined): string {
  return `${part}${row?.id ?? '0'}`;
}

function parseCursor(cursor: string | undefined): { part: 'e' | 'r'; after: string } {
  const match = /^([er])(\d{1,18})$/.exec(cursor ?? 'e0');
  if (match === null) throw new ToolFault(`The cursor '${cursor}' is none of read_graph's. Take nextCursor of the page before, or leave it out.`);
  return { part: match[1] === 'r' ? 'r' : 'e', after: match[2] ?? '0' };
}
