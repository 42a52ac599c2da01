/**
 * What is wrong with a server, by how far one gets with it: `credentials` are missing or wrong, a `dependency` cannot be
 * reached, its `process` does not run, the `handshake` fails, its list of `tools` is too short, or the `check` fails.
 */
export const STAGES = ['credentials', 'dependency', 'process', 'handshake', 'tools', 'check'] as const;
export type Stage = (typeof STAGES)[number];

export interface Problem {
  readonly stage: Stage;
  /** For people: what happened, and where. */
  readonly message: string;
}
