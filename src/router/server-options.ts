import type { GateSettings } from '../admission/gate.js';
import type { ReadCacheSettings } from '../admission/read-cache.js';
import type { JsonObject } from '../protocol/message.js';
import type { Era } from '../protocol/versions.js';
import type { SupervisorSettings } from '../supervisor/options.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import type { Tracing } from '../telemetry/tracing.js';
import type { Connect } from '../upstream/upstream.js';
import type { AuditSettings } from './audit.js';
import type { LinkSettings } from './link.js';
import type { GuardSettings } from './tool-guard.js';

export type Policy = 'shared' | 'pool' | 'per-session';

export interface ServerOptions {
  readonly name: string;
  readonly policy: Policy;
  readonly poolSize: number;
  readonly maxChildren: number;
  /** Client capabilities that hearth offers on behalf of the clients that share a child. */
  readonly offer: JsonObject;
  readonly version: string;
  /** Of the server; `auto` finds out. */
  readonly era: Era | 'auto';
  /** Time for a server to say whether it speaks the modern era, from its start, in milliseconds. */
  readonly eraTimeout: number;
  /** Opens a child with further environment variables and arguments. */
  readonly connect: (env: Readonly<Record<string, string>>, extraArgs?: readonly string[]) => Connect;
  /** What the server lacks to be started at all, for people. */
  readonly needs?: () => string | undefined;
  /** Environment variable -> header of the client (lower case): one child for each set of credentials. */
  readonly credentials: Readonly<Record<string, string>>;
  /** How long a child without sessions is kept, where children come with their sessions' credentials, in milliseconds. */
  readonly credentialIdle: number;
  readonly supervisor: SupervisorSettings;
  readonly link: LinkSettings;
  readonly gate: GateSettings;
  readonly cache: ReadCacheSettings;
  readonly tools: GuardSettings;
  /** Set if calls are to be recorded. */
  readonly audit: AuditSettings | undefined;
  /** Children that may be started per minute under policy `per-session`. */
  readonly spawnRate: number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly serverMetrics: ServerMetrics;
  readonly tracing?: Tracing | undefined;
}
