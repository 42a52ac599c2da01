/** The reference server's words: what a client sends and gets. */
export interface Entity {
  name: string;
  entityType: string;
  observations: string[];
  createdAt?: string;
  updatedAt?: string;
}

export interface Relation {
  from: string;
  to: string;
  relationType: string;
  createdAt?: string;
}

export interface KnowledgeGraph {
  entities: Entity[];
  relations: Relation[];
  nextCursor?: string;
}

/**
 * How search compares: the reference lowers both sides in JavaScript. PostgreSQL's own `lower` depends on the locale of
 * the database and leaves everything but ASCII alone in the C locale, so the lowered text is stored.
 */
export function fold(text: string): string {
  return text.toLowerCase();
}

/** One key for a relation, to compare by. */
export function relationKey({ from, to, relationType }: Relation): string {
  return JSON.stringify([from, to, relationType]);
}

/** Keeps the first of each key. */
export function firstOfEach<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const seen = new Map<string, T>();
  for (const item of items) if (!seen.has(keyOf(item))) seen.set(keyOf(item), item);
  return [...seen.values()];
}
