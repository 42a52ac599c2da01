import type { Queryable } from '../shared/database.js';
import { fold } from './graph.js';

/** How near a name must be to a word of the query to count as a misspelling of it. */
const NEAR = 0.45;

/** The reference's search: the query as it stands is a part of a name, a type or an observation. */
export async function findSubstring(database: Queryable, namespace: string, query: string, limit: number | undefined): Promise<string[]> {
  const pattern = `%${fold(query).replace(/[\\%_]/g, '\\$&')}%`;
  const rows = await database.query<{ id: string }>(
    `select e.id::text from hearth_memory.entities e
     where e.namespace = $1
       and (e.name_folded like $2 or e.type_folded like $2 or e.id in (select o.entity_id from hearth_memory.observations o where o.folded like $2))
     order by e.id limit $3`,
    [namespace, pattern, limit ?? null],
  );
  return rows.map(({ id }) => id);
}

/**
 * Any word of the query anywhere in an entity, best first: the more words and the nearer the name, the better.
 * With pg_trgm (its schema in `trigrams`) near spellings of names count as well.
 */
export async function findRanked(
  database: Queryable,
  namespace: string,
  query: string,
  limit: number,
  trigrams: string | undefined,
): Promise<string[]> {
  const near = trigrams === undefined ? '0::real' : `${trigrams}.word_similarity($2, e.name_folded)`;
  const rows = await database.query<{ id: string }>(
    `with words as (select replace(plainto_tsquery('simple', $2)::text, ' & ', ' | ')::tsquery as any_word),
     said as (
       select o.entity_id, sum(ts_rank(to_tsvector('simple', left(o.folded, 100000)), any_word)) as score
       from hearth_memory.observations o, words
       where to_tsvector('simple', left(o.folded, 100000)) @@ any_word group by o.entity_id),
     scored as (
       select e.id,
         case when e.name_folded = $2 then 10 when e.name_folded like $3 then 2 else 0 end
         + case when e.type_folded like $3 or exists (select 1 from hearth_memory.observations o where o.entity_id = e.id and o.folded like $3) then 1 else 0 end
         + 4 * ts_rank(to_tsvector('simple', left(e.name_folded || ' ' || e.type_folded, 100000)), any_word)
         + case when ${near} >= ${NEAR} then ${near} else 0 end
         + coalesce(said.score, 0) as score
       from hearth_memory.entities e cross join words left join said on said.entity_id = e.id
       where e.namespace = $1)
     select id::text from scored where score > 0 order by score desc, id limit $4`,
    [namespace, fold(query), `%${fold(query).replace(/[\\%_]/g, '\\$&')}%`, limit],
  );
  return rows.map(({ id }) => id);
}
