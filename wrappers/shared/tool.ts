import type { CallToolResult, McpServer, ToolAnnotations } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { explain } from './faults.js';

export interface Answer<D> {
  readonly data: D;
  /** What a model reads; the data as JSON unless told otherwise. */
  readonly text?: string;
}

export interface Tool<I extends z.ZodObject, O extends z.ZodObject> {
  readonly title: string;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  readonly hints: ToolAnnotations;
  readonly run: (args: z.output<I>) => Promise<Answer<z.input<O>>>;
}

/** Offers a tool. A failure is a result with `isError`, as the specification has it, so that a model can read it. */
export function addTool<I extends z.ZodObject, O extends z.ZodObject>(server: McpServer, name: string, tool: Tool<I, O>): void {
  const { title, description, input, output, hints, run } = tool;
  const config = { title, description, inputSchema: input, outputSchema: output, annotations: hints };
  const call = async (args: unknown): Promise<CallToolResult> => {
    try {
      const { data, text } = await run(args as z.output<I>);
      return { content: [{ type: 'text', text: text ?? JSON.stringify(data, null, 2) }], structuredContent: data as Record<string, unknown> };
    } catch (error) {
      return { content: [{ type: 'text', text: explain(error) }], isError: true };
    }
  };
  // The SDK's own types infer the arguments of a literal schema only; here they are known from `Tool`.
  server.registerTool<z.ZodObject, z.ZodObject>(name, config, call);
}

/** Reads, changes nothing. */
export const READS: ToolAnnotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
/** Adds, takes nothing away. */
export const ADDS: ToolAnnotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };
/** Adds what is not there yet; a second time changes nothing. */
export const ENSURES: ToolAnnotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false };
/** Takes away; a second time changes nothing. */
export const REMOVES: ToolAnnotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false };
