import { z } from 'zod';
import { messageOf, ToolFault } from '../shared/faults.js';
import type { Entity, KnowledgeGraph, Relation } from './graph.js';

const lineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('entity'), name: z.string(), entityType: z.string(), observations: z.array(z.string()) }),
  z.object({ type: z.literal('relation'), from: z.string(), to: z.string(), relationType: z.string() }),
]);

/** The reference server's file, byte for byte as it writes it. */
export function toJsonl({ entities, relations }: KnowledgeGraph): string {
  return [
    ...entities.map(({ name, entityType, observations }) => JSON.stringify({ type: 'entity', name, entityType, observations })),
    ...relations.map(({ from, to, relationType }) => JSON.stringify({ type: 'relation', from, to, relationType })),
  ].join('\n');
}

/** @throws ToolFault with the number of the first line that is wrong */
export function parseJsonl(text: string): { entities: Entity[]; relations: Relation[] } {
  const entities: Entity[] = [];
  const relations: Relation[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const item = parseLine(line, index + 1);
    if (item.type === 'entity') entities.push({ name: item.name, entityType: item.entityType, observations: item.observations });
    else relations.push({ from: item.from, to: item.to, relationType: item.relationType });
  }
  return { entities, relations };
}

function parseLine(line: string, number: number): z.infer<typeof lineSchema> {
  const wrong = (what: string): ToolFault => new ToolFault(`Line ${number} of the JSONL is wrong: ${what}. Nothing was imported.`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw wrong(messageOf(error));
  }
  const { data, error } = lineSchema.safeParse(value);
  if (error !== undefined) throw wrong(z.prettifyError(error).replace(/\s+/g, ' '));
  return data;
}
