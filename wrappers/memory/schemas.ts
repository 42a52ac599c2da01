import { z } from 'zod';

/** The reference's schemas. What is beyond them is optional, so that its clients see what they know. */
export const entityInput = z.object({
  name: z.string().describe('The name of the entity'),
  entityType: z.string().describe('The type of the entity'),
  observations: z.array(z.string()).describe('An array of observation contents associated with the entity'),
});

export const relationInput = z.object({
  from: z.string().describe('The name of the entity where the relation starts'),
  to: z.string().describe('The name of the entity where the relation ends'),
  relationType: z.string().describe('The type of the relation'),
});

const entityOutput = entityInput.extend({
  createdAt: z.string().describe('When it was stored (with timestamps)').optional(),
  updatedAt: z.string().describe('When its observations last changed (with timestamps)').optional(),
});

const relationOutput = relationInput.extend({
  createdAt: z.string().describe('When it was stored (with timestamps)').optional(),
});

export const graphOutput = z.object({ entities: z.array(entityOutput), relations: z.array(relationOutput) });

export const doneOutput = z.object({ success: z.boolean(), message: z.string() });

export const namespaceInput = {
  namespace: z.string().min(1).max(200).describe('The graph to use, one per user or project; the default graph without it').optional(),
};

export const timestampsInput = {
  timestamps: z.boolean().describe('Add createdAt and updatedAt to what is returned').optional(),
};
